import {
  type CheckNode,
  type ConditionNode,
  type ExistsNode,
  type FieldNode,
  LIST_OPERATORS,
  type ListNode,
  MODIFIERS,
  NUMBER_OPERATORS,
  type OperandNode,
  STRING_OPERATORS,
  type TextPos,
  TRANSFORMERS,
  type TransformNode,
  type ValueNode,
} from "./ast.ts";
import { ConditionSyntaxError, Scanner } from "./scanner.ts";

const quotedNames = (names: readonly string[]): string => names.map((n) => `'${n}'`).join(", ");
const OPERATOR_NAMES = quotedNames(["exists", ...NUMBER_OPERATORS, ...STRING_OPERATORS, ...LIST_OPERATORS]);
const TRANSFORMER_NAMES = quotedNames(["val", ...TRANSFORMERS]);

/** How deep conditions of rules may nest. */
const MAX_DEPTH = 1000;

class Parser {
  readonly scan: Scanner;
  #depth = 0;
  readonly #maxDepth: number;

  constructor(text: string, maxDepth: number) {
    this.scan = new Scanner(text);
    this.#maxDepth = maxDepth;
  }

  /**
   * Every production counts as a level, so that the limit refuses what the reference refuses. A failure ends the
   * parse, so only success has to step back out.
   */
  #enter(): void {
    if (++this.#depth >= this.#maxDepth) this.scan.fail(`exceeded max depth limit of ${this.#maxDepth}`);
  }

  #leave<T>(node: T): T {
    this.#depth--;
    return node;
  }

  or(): ConditionNode {
    return this.#group("or", () => this.#and());
  }

  #and(): ConditionNode {
    return this.#group("and", () => this.#not());
  }

  #group(kind: "and" | "or", operand: () => ConditionNode): ConditionNode {
    this.#enter();
    const { scan } = this;
    const pos = scan.pos;
    scan.blank();
    const children = [operand()];
    scan.blank();
    while (scan.literal(kind)) {
      if (scan.blank()) children.push(operand());
      else if (scan.literal("(")) children.push(this.#embedded());
      else scan.fail(`expected blank or '(' after '${kind}'`);
      scan.blank();
    }
    return this.#leave(children.length === 1 ? children[0]! : { kind, children, pos });
  }

  #not(): ConditionNode {
    this.#enter();
    const { scan } = this;
    const pos = scan.pos;
    let negated = false;
    scan.blank();
    while (scan.notBlank()) negated = !negated;
    let child: ConditionNode;
    if (scan.literal("not(")) {
      negated = !negated;
      child = this.#embedded();
    } else child = this.#check();
    return this.#leave(negated ? { kind: "not", child, pos } : child);
  }

  /** What follows an opening parenthesis. */
  #embedded(): ConditionNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const child = this.or();
    scan.blank();
    if (!scan.literal(")")) scan.fail("expected a ')' token");
    return this.#leave(child);
  }

  #check(): ConditionNode {
    this.#enter();
    const { scan } = this;
    const pos = scan.pos;
    scan.blank();
    if (scan.literal("(")) return this.#leave(this.#embedded());
    if (scan.fieldName()) return this.#leave(this.#comparison(this.#field(scan.last, pos), pos));
    const transformer = scan.call(TRANSFORMERS);
    if (transformer) {
      scan.blank();
      return this.#leave(this.#comparison(this.#transform(transformer, pos), pos));
    }
    if (scan.identifier()) return this.#leave({ kind: "macro", name: scan.last, pos });
    return scan.fail("expected a '(' token, a field check, or an identifier");
  }

  /** A field or a transformer alone, as output templates and exceptions name them. */
  fieldOrTransformer(): FieldNode | TransformNode {
    this.#enter();
    const { scan } = this;
    const pos = scan.pos;
    if (scan.fieldName()) return this.#leave(this.#field(scan.last, pos));
    const transformer = scan.call(TRANSFORMERS);
    if (transformer) {
      scan.blank();
      return this.#leave(this.#transform(transformer, pos));
    }
    return scan.fail(`unexpected token after '${scan.last}`);
  }

  #field(name: string, pos: TextPos): FieldNode {
    this.#enter();
    return this.#leave({ kind: "field", name, arg: this.#optionalArg(), pos });
  }

  #optionalArg(): string | undefined {
    const { scan } = this;
    if (!scan.literal("[")) return undefined;
    if (!scan.quotedString() && !scan.fieldArg()) {
      scan.fail("expected a valid field argument: a quoted string or a bare string");
    }
    const arg = scan.last;
    if (!scan.literal("]")) scan.fail("expected a ']' token");
    return arg;
  }

  #transform(name: string, pos: TextPos): TransformNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const args: OperandNode[] = [];
    do {
      args.push(this.#transformArg());
      scan.blank();
    } while (scan.literal(","));
    if (!scan.literal(")")) scan.fail("expected a ')' token closing the transformer");
    return this.#leave({ kind: "transform", name, args, arg: this.#optionalArg(), pos });
  }

  #transformArg(): OperandNode {
    this.#enter();
    const { scan } = this;
    const pos = scan.pos;
    scan.blank();
    if (scan.number() || scan.quotedString()) return this.#leave(this.#value(pos));
    if (scan.literal("(")) return this.#leave(this.#operandList(pos));
    const transformer = scan.call(TRANSFORMERS);
    if (transformer) return this.#leave(this.#transform(transformer, pos));
    if (scan.fieldName()) return this.#leave(this.#field(scan.last, pos));
    return scan.fail(
      "expected field transformer argument: field, transformer, quoted string, number, or transformer list",
    );
  }

  #operandList(pos: TextPos): OperandNode {
    const { scan } = this;
    const items: OperandNode[] = [];
    scan.blank();
    if (scan.literal(")")) return { kind: "operands", items, pos };
    do {
      scan.blank();
      items.push(this.#operandListItem(pos));
      scan.blank();
    } while (scan.literal(","));
    if (!scan.literal(")")) scan.fail("expected ')'");
    return { kind: "operands", items, pos };
  }

  #operandListItem(pos: TextPos): OperandNode {
    const { scan } = this;
    if (scan.fieldName()) return this.#field(scan.last, pos);
    const transformer = scan.call(TRANSFORMERS);
    if (transformer) {
      scan.blank();
      return this.#transform(transformer, pos);
    }
    if (scan.quotedString() || scan.number()) return this.#value(pos);
    return scan.fail("expected transformer list argument: field, transformer, quoted string, or number");
  }

  #value(pos: TextPos): ValueNode {
    return { kind: "value", text: this.scan.last, bytes: this.scan.lastBytes, pos };
  }

  #comparison(left: FieldNode | TransformNode, pos: TextPos): CheckNode | ExistsNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    if (scan.literal("exists")) return this.#leave({ kind: "exists", left, pos });
    const numberOp = scan.operator(NUMBER_OPERATORS, false);
    if (numberOp) {
      return this.#leave({
        kind: "check",
        left,
        op: numberOp,
        modifier: undefined,
        right: this.#numberOperand(),
        pos,
      });
    }
    const stringOp = scan.operator(STRING_OPERATORS, true);
    if (stringOp) {
      const modifier = this.#modifier(/[a-z]/.test(stringOp));
      const right = modifier ? this.#list(true) : this.#stringOperand(true);
      return this.#leave({ kind: "check", left, op: stringOp, modifier, right, pos });
    }
    const listOp = scan.operator(LIST_OPERATORS, false);
    if (listOp) {
      return this.#leave({
        kind: "check",
        left,
        op: listOp,
        modifier: undefined,
        right: this.#list(false),
        pos,
      });
    }
    return scan.fail(`expected a valid check operator: one of ${OPERATOR_NAMES}`);
  }

  /** `anyof` and its like are modifiers only where a list or a name follows; else they are plain words. */
  #modifier(blankRead: boolean): (typeof MODIFIERS)[number] | undefined {
    const { scan } = this;
    const hadBlank = blankRead || scan.blank();
    const { index, last } = scan;
    if (hadBlank) {
      const modifier = scan.operator(MODIFIERS, true);
      const rest = scan.text.slice(scan.index, scan.index + 4);
      if (modifier && /^[(a-zA-Z]/.test(rest) && !/^(?:and|or|not)(?![a-zA-Z0-9])/.test(rest))
        return modifier;
    }
    scan.index = index;
    scan.last = last;
    return undefined;
  }

  #numberOperand(): ValueNode | TransformNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const pos = scan.pos;
    const transform = this.#rightTransform();
    if (transform) return this.#leave(transform);
    if (scan.number()) return this.#leave(this.#value(pos));
    return scan.fail(`expected a number value or a field with a valid transformer: ${TRANSFORMER_NAMES}`);
  }

  #stringOperand(transformers: true): ValueNode | TransformNode;
  #stringOperand(transformers: false): ValueNode;
  #stringOperand(transformers: boolean): ValueNode | TransformNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const pos = scan.pos;
    const transform = transformers ? this.#rightTransform() : undefined;
    if (transform) return this.#leave(transform);
    if (scan.quotedString() || scan.bareString()) return this.#leave(this.#value(pos));
    if (!transformers) return scan.fail("expected a string value");
    return scan.fail(`expected a string value or a field with a valid transformer: ${TRANSFORMER_NAMES}`);
  }

  #list(literalOnly: boolean): ListNode | ValueNode | TransformNode {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const pos = scan.pos;
    const list = this.#parenthesised();
    if (list) return this.#leave(list);
    const transform = literalOnly ? undefined : this.#rightTransform();
    if (transform) return this.#leave(transform);
    if (scan.identifier()) return this.#leave(this.#value(pos));
    if (literalOnly) return scan.fail("expected a list or an identifier");
    return scan.fail(
      `expected a list, an identifier, or a field with a valid transformer: ${TRANSFORMER_NAMES}`,
    );
  }

  #parenthesised(): ListNode | undefined {
    const { scan } = this;
    const pos = scan.pos;
    if (!scan.literal("(")) return undefined;
    const values: ValueNode[] = [];
    scan.blank();
    const depth = this.#depth;
    try {
      values.push(this.#stringOperand(false));
    } catch (error) {
      // No first value reads as an empty list; the missing parenthesis below is what gets reported.
      if (!(error instanceof ConditionSyntaxError)) throw error;
      this.#depth = depth;
    }
    if (values.length > 0) {
      scan.blank();
      while (scan.literal(",")) {
        values.push(this.#stringOperand(false));
        scan.blank();
      }
    }
    if (!scan.literal(")")) scan.fail("expected a ')' token");
    return { kind: "list", values, pos };
  }

  /** `val(field)` or a transformer on the right-hand side. */
  #rightTransform(): TransformNode | undefined {
    this.#enter();
    const { scan } = this;
    scan.blank();
    const pos = scan.pos;
    if (scan.call(["val"])) {
      scan.blank();
      const fieldPos = scan.pos;
      if (!scan.fieldName()) scan.fail("expected a field within 'val' transformer");
      const field = this.#field(scan.last, fieldPos);
      scan.blank();
      if (!scan.literal(")")) scan.fail("expected a ')' token closing the transformer");
      return this.#leave({ kind: "transform", name: "val", args: [field], arg: this.#optionalArg(), pos });
    }
    const transformer = scan.call(TRANSFORMERS);
    if (!transformer) return this.#leave(undefined);
    scan.blank();
    return this.#leave(this.#transform(transformer, pos));
  }
}

/**
 * Parses a condition whose lists are already substituted; macros stay references.
 * Throws ConditionSyntaxError with the reference's message and the place reading stopped at.
 */
export function parseCondition(text: string, maxDepth = MAX_DEPTH): ConditionNode {
  const parser = new Parser(text, maxDepth);
  if (text === "") parser.scan.fail("filter input string is empty");
  const node = parser.or();
  if (!parser.scan.atEnd) {
    parser.scan.fail(`unexpected token after '${parser.scan.last}', expecting 'or', 'and'`);
  }
  return node;
}

export interface ParsedOperand {
  readonly node: FieldNode | TransformNode;
  /** UTF-16 length of what was read. */
  readonly length: number;
}

/** Parses a field or transformer at the start of `text` and says how far it reached. */
export function parseOperand(text: string): ParsedOperand {
  const parser = new Parser(text, 100);
  const node = parser.fieldOrTransformer();
  return { node, length: parser.scan.index };
}
