/** A place in a condition's text: UTF-16 index; lines and columns are computed when somebody asks. */
export interface TextPos {
  readonly text: string;
  readonly index: number;
}

/** A field with its argument: `proc.aname[2]`. */
export interface FieldNode {
  readonly kind: "field";
  readonly name: string;
  readonly arg: string | undefined;
  readonly pos: TextPos;
}

/** `tolower(proc.name)`, `val(proc.pname)`, `getopt(list, "a:")[a]`. */
export interface TransformNode {
  readonly kind: "transform";
  readonly name: string;
  readonly args: readonly OperandNode[];
  readonly arg: string | undefined;
  readonly pos: TextPos;
}

/** A literal. `bytes` is present when escapes produced something that is not valid text. */
export interface ValueNode {
  readonly kind: "value";
  readonly text: string;
  readonly bytes: Uint8Array | undefined;
  readonly pos: TextPos;
}

/** A parenthesised list of operands inside a transformer: `join("-", (proc.name, evt.type))`. */
export interface OperandListNode {
  readonly kind: "operands";
  readonly items: readonly OperandNode[];
  readonly pos: TextPos;
}

export type OperandNode = FieldNode | TransformNode | ValueNode | OperandListNode;

/** A parenthesised list of literals on the right-hand side. */
export interface ListNode {
  readonly kind: "list";
  readonly values: readonly ValueNode[];
  readonly pos: TextPos;
}

export interface ExistsNode {
  readonly kind: "exists";
  readonly left: FieldNode | TransformNode;
  readonly pos: TextPos;
}

export interface CheckNode {
  readonly kind: "check";
  readonly left: FieldNode | TransformNode;
  readonly op: Operator;
  readonly modifier: Modifier | undefined;
  readonly right: ValueNode | ListNode | TransformNode;
  readonly pos: TextPos;
}

export interface MacroNode {
  readonly kind: "macro";
  readonly name: string;
  readonly pos: TextPos;
}

export interface GroupNode {
  readonly kind: "and" | "or";
  readonly children: readonly ConditionNode[];
  readonly pos: TextPos;
}

export interface NotNode {
  readonly kind: "not";
  readonly child: ConditionNode;
  readonly pos: TextPos;
}

export type ConditionNode = GroupNode | NotNode | CheckNode | ExistsNode | MacroNode;

/** Operators that take a number behind them, longest first. */
export const NUMBER_OPERATORS = ["<=", "<", ">=", ">"] as const;
/** Operators that take a string, in the order they are tried. Words need a blank behind them. */
export const STRING_OPERATORS = [
  "==",
  "=",
  "!=",
  "glob",
  "iglob",
  "contains",
  "icontains",
  "bcontains",
  "startswith",
  "bstartswith",
  "endswith",
  "regex",
] as const;
/** Operators that take a list. */
export const LIST_OPERATORS = ["intersects", "in", "pmatch"] as const;
/** How many elements of a list must satisfy a string operator: exactly one, some, every. */
export const MODIFIERS = ["oneof", "anyof", "allof"] as const;
/** Transformers with arguments in parentheses; `val` is apart because it stands on the right side only. */
export const TRANSFORMERS = [
  "tolower",
  "toupper",
  "b64",
  "basename",
  "len",
  "join",
  "concat",
  "getopt",
] as const;

export type Operator =
  | (typeof NUMBER_OPERATORS)[number]
  | (typeof STRING_OPERATORS)[number]
  | (typeof LIST_OPERATORS)[number];
export type Modifier = (typeof MODIFIERS)[number];
