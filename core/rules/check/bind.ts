import type { Context, FieldRegistry } from "../../fields/field.ts";
import { nearest } from "../../nearest.ts";
import { EVENTS } from "../../schema/events.ts";
import type { CheckNode, ConditionNode, ExistsNode, TextPos, ValueNode } from "../language/ast.ts";
import { TRANSFORMERS } from "../language/ast.ts";
import { isEventName } from "../language/event-codes.ts";
import { parseOperand } from "../language/parser.ts";
import { CheckError } from "./check-error.ts";
import { checkComparable } from "./comparable.ts";
import { bindOperand, findField, type Operand } from "./operand.ts";
import { compileTest, type Test } from "./test.ts";

/** A check against constants. */
export interface TestNode {
  readonly kind: "test";
  readonly operand: Operand;
  readonly test: Test;
  /** How a list, or a field with several candidates, satisfies it; a plain value just passes. */
  readonly quantifier: "one" | "every" | "some";
}

/** A check of one operand against another. */
export interface PairNode {
  readonly kind: "pair";
  readonly left: Operand;
  readonly right: Operand;
  readonly operator: CheckNode["op"];
}

export interface PresenceNode {
  readonly kind: "present";
  readonly operand: Operand;
}

export interface BoundGroup {
  readonly kind: "and" | "or";
  readonly children: readonly BoundNode[];
}

export interface BoundNot {
  readonly kind: "not";
  readonly child: BoundNode;
}

/** A condition whose fields, operators and literals are known to fit together. */
export type BoundNode = BoundGroup | BoundNot | TestNode | PairNode | PresenceNode;

export interface BindWarning {
  readonly message: string;
  readonly pos: TextPos;
}

interface Bound {
  readonly node: BoundNode;
  readonly warnings: readonly BindWarning[];
}

const PLAIN_REGEX = [/^\^/, /\$$/, /^\.[+*?]/, /\.[+*?]$/];

/** Resolves conditions for rules of one event source; equal subtrees (macros) are bound once. */
export class Binder {
  readonly #registry: FieldRegistry;
  readonly #source: string;
  readonly #cache = new WeakMap<ConditionNode, Bound>();
  readonly #operands = new Map<string, Operand>();
  /** Checks by what they say: many rules make the same ones. */
  readonly #checks = new Map<string, TestNode>();

  constructor(registry: FieldRegistry, source: string) {
    this.#registry = registry;
    this.#source = source;
  }

  /** Throws CheckError with the reference's message and the place of the check. */
  bind(node: ConditionNode): Bound {
    const known = this.#cache.get(node);
    if (known) return known;
    const warnings: BindWarning[] = [];
    const bound = { node: this.#node(node, warnings), warnings };
    this.#cache.set(node, bound);
    return bound;
  }

  /** Whether a text is a field (or transformer) that may stand on the left side. */
  isLeftSide(text: string): boolean {
    try {
      const { node, length } = parseOperand(text);
      if (length !== text.length) return false;
      bindOperand(this.#registry, this.#source, node);
      return true;
    } catch {
      return false;
    }
  }

  /** The field whose name is nearest to a word. */
  similarField(word: string): string | undefined {
    return nearest(word, this.#registry.names(this.#source));
  }

  operand(node: Parameters<typeof bindOperand>[2]): Operand {
    const operand = bindOperand(this.#registry, this.#source, node);
    const known = this.#operands.get(operand.key);
    if (known) return known;
    this.#operands.set(operand.key, operand);
    return operand;
  }

  #node(node: ConditionNode, warnings: BindWarning[]): BoundNode {
    switch (node.kind) {
      case "and":
      case "or":
        return { kind: node.kind, children: node.children.map((child) => this.#child(child, warnings)) };
      case "not":
        return { kind: "not", child: this.#child(node.child, warnings) };
      case "macro":
        throw new CheckError(`filter error: unexpected identifier '${node.name}'`, node.pos);
      case "exists":
        return this.#located(node, () => ({ kind: "present", operand: presence(this.operand(node.left)) }));
      case "check":
        return this.#located(node, () => this.#check(node, warnings));
    }
  }

  #child(node: ConditionNode, warnings: BindWarning[]): BoundNode {
    const bound = this.bind(node);
    warnings.push(...bound.warnings);
    return bound.node;
  }

  /** Errors of a check point at the check, as the reference reports them; suggestions survive. */
  #located<T>(node: CheckNode | ExistsNode, bind: () => T): T {
    try {
      return bind();
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
      throw new CheckError(error.message, node.pos, error.suggestion);
    }
  }

  #check(node: CheckNode, warnings: BindWarning[]): BoundNode {
    const left = this.operand(node.left);
    checkComparable(node.op, node.modifier, left.type, left.list);
    if (node.right.kind === "transform") {
      const right = this.operand(node.right);
      checkPair(node, left, right);
      return { kind: "pair", left, right, operator: node.op };
    }
    const values = node.right.kind === "list" ? node.right.values : [node.right];
    const key = `${left.key} ${node.op} ${node.modifier ?? ""} ${values.map(valueKey).join(",")}`;
    const known = this.#checks.get(key);
    if (known) return known;
    const before = warnings.length;
    for (const value of values) this.#warn(node, value, warnings);
    if (left.field?.name === "evt.type" && !left.arg) values.forEach(checkEventName);
    const compared = comparedWith(node, left, values);
    const test = compileTest(left.type, node.op, node.modifier, compared);
    const made: TestNode = { kind: "test", operand: left, test, quantifier: quantifierOf(node, left) };
    // What warns does so at each place it stands.
    if (warnings.length === before) this.#checks.set(key, made);
    return made;
  }

  #warn(node: CheckNode, value: ValueNode, warnings: BindWarning[]): void {
    const pos = node.right.pos;
    const { text } = value;
    const dense = text.replace(/[ \t\n\v\f\r]/g, "");
    if (node.op === "regex" && isPlainRegex(text)) {
      warnings.push({
        message:
          `regex check with '${text}' may be optimized with simpler operators such as ` +
          "'=', 'contains', 'startswith', 'endswith'",
        pos,
      });
    }
    if (this.#isField(dense)) {
      warnings.push({ message: `'${text}' may be a valid field misused as a const string value`, pos });
    }
    const call = /^([a-z0-9]+)\(.*\)$/s.exec(dense);
    if (call && ["val", ...TRANSFORMERS].includes(call[1]!)) {
      warnings.push({
        message: `'${text}' may be a valid field transformer misused as a const string value`,
        pos,
      });
    }
  }

  #isField(text: string): boolean {
    if (!/^[a-z]\w*\.[a-zA-Z]/.test(text)) return false;
    try {
      const { node, length } = parseOperand(text);
      if (length !== text.length || node.kind !== "field") return false;
      const { field } = findField(this.#registry, this.#source, node);
      return node.arg === undefined || field.arg !== undefined;
    } catch {
      return false;
    }
  }
}

/** What the reference compares with, where that is not all that is written. */
function comparedWith(node: CheckNode, left: Operand, values: readonly ValueNode[]): readonly ValueNode[] {
  // Both ends of a connection: with the first network only.
  if (left.name === "fd.net") return values.slice(0, 1);
  // Ids of all ancestors: with no list.
  const isSet = node.op === "in" || node.op === "intersects";
  return isSet && left.name === "proc.apid" && !left.arg ? [] : values;
}

/** What `exists` looks at. */
function presence(operand: Operand): Operand {
  const present = operand.arg ? undefined : operand.field?.present;
  if (!present) return operand;
  const read = (context: Context): true | undefined => present(context, undefined) || undefined;
  return { ...operand, key: `present ${operand.key}`, list: false, read };
}

const valueKey = ({ text, bytes }: ValueNode): string => JSON.stringify(bytes ? [text, ...bytes] : text);

/** Whether a pattern has no special characters besides anchors and an open end. */
function isPlainRegex(pattern: string): boolean {
  const bare = PLAIN_REGEX.reduce((text, end) => text.replace(end, ""), pattern);
  return !/[.+*?^$()[\]{}|\\]/.test(bare);
}

function checkEventName(value: ValueNode): void {
  if (isEventName(value.text)) return;
  throw new CheckError(`unknown event type ${value.text}`, value.pos, () =>
    nearest(value.text, new Set(EVENTS.map((e) => e.name))),
  );
}

function quantifierOf(node: CheckNode, left: Operand): TestNode["quantifier"] {
  if (left.list) return node.op === "in" ? "every" : "some";
  if (!left.field?.anyOf || left.arg) return "one";
  return node.op === "!=" && left.field.unequalMeansAll ? "every" : "some";
}

const typed = (operand: Operand): string => `${operand.type}${operand.list ? " (list)" : ""}`;

function checkPair(node: CheckNode, left: Operand, right: Operand): void {
  if (node.op === "pmatch" || node.op === "regex") {
    throw new CheckError(`operator '${node.op.toUpperCase()}' doesn't support right-hand side fields`);
  }
  if (left.type === "IPNET" || left.type === "IPV4NET" || left.type === "IPV6NET") {
    throw new CheckError("field type 'IPNET' doesn't support right-hand side fields");
  }
  if (left.noRhs) throw new CheckError(`field '${left.name}' doesn't support right-hand side fields`);
  if (right.noRhs) throw new CheckError(`field '${right.name}' can't be used as a right-hand side field`);
  if (left.type === right.type && left.list === right.list) return;
  throw new CheckError(
    `field '${left.name}' has type '${typed(left)}' while the right-hand side field '${right.name}' ` +
      `has incompatible type '${typed(right)}'`,
  );
}
