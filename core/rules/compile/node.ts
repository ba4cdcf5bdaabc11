import type { BoundNode, PairNode, PresenceNode, TestNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";

/** A boolean expression of one event type's rules; equal expressions are the same object. */
export interface Expr {
  readonly id: number;
  readonly kind: "and" | "or" | "not" | "leaf" | "true" | "false";
  readonly children: readonly Expr[];
  readonly leaf: TestNode | PairNode | PresenceNode | undefined;
  /** Rough nanoseconds to evaluate, for ordering. */
  readonly cost: number;
}

/** Cost of reading a field, on top of the test itself. */
const READ_COST = 6;

function leafKey(leaf: TestNode | PairNode | PresenceNode): string {
  if (leaf.kind === "present") return `? ${leaf.operand.key}`;
  if (leaf.kind === "pair") return `${leaf.left.key} ${leaf.operator} @${leaf.right.key}`;
  return `${leaf.quantifier} ${leaf.operand.key} ${leaf.test.key()}`;
}

function leafCost(leaf: TestNode | PairNode | PresenceNode): number {
  if (leaf.kind === "present") return READ_COST;
  if (leaf.kind === "pair") return 2 * READ_COST + 10;
  return READ_COST + (leaf.quantifier === "one" ? leaf.test.cost : 4 * leaf.test.cost + 20);
}

/** What is known about operands before any event is seen: constants of the event type. */
export type KnownValue = (operand: Operand) => string | undefined;

/** Builds expressions, sharing equal ones, and decides checks whose operand is known. */
export class ExprFactory {
  readonly #byKey = new Map<string, Expr>();
  readonly #built = new Map<BoundNode, Expr>();
  readonly #known: KnownValue;
  readonly true: Expr = this.#make("true", "T", [], undefined, 0);
  readonly false: Expr = this.#make("false", "F", [], undefined, 0);

  constructor(known: KnownValue) {
    this.#known = known;
  }

  #make(kind: Expr["kind"], key: string, children: readonly Expr[], leaf: Expr["leaf"], cost: number): Expr {
    const existing = this.#byKey.get(key);
    if (existing) return existing;
    const made: Expr = { id: this.#byKey.size, kind, children, leaf, cost };
    this.#byKey.set(key, made);
    return made;
  }

  build(node: BoundNode): Expr {
    const known = this.#built.get(node);
    if (known) return known;
    const made = this.#build(node);
    this.#built.set(node, made);
    return made;
  }

  #build(node: BoundNode): Expr {
    switch (node.kind) {
      case "and":
      case "or":
        return this.group(
          node.kind,
          node.children.map((child) => this.build(child)),
        );
      case "not":
        return this.not(this.build(node.child));
      case "test": {
        const value = node.quantifier === "one" ? this.#known(node.operand) : undefined;
        if (value !== undefined) return node.test.passes(value) ? this.true : this.false;
        return this.#leaf(node);
      }
      case "present":
        return this.#known(node.operand) === undefined ? this.#leaf(node) : this.true;
      case "pair":
        return this.#leaf(node);
    }
  }

  #leaf(leaf: TestNode | PairNode | PresenceNode): Expr {
    return this.#make("leaf", `L ${leafKey(leaf)}`, [], leaf, leafCost(leaf));
  }

  not(child: Expr): Expr {
    if (child === this.true) return this.false;
    if (child === this.false) return this.true;
    if (child.kind === "not") return child.children[0]!;
    return this.#make("not", `! ${child.id}`, [child], undefined, child.cost);
  }

  group(kind: "and" | "or", children: readonly Expr[]): Expr {
    const [neutral, absorbing] = kind === "and" ? [this.true, this.false] : [this.false, this.true];
    const flat = new Set<Expr>();
    for (const child of children) {
      if (child === absorbing) return absorbing;
      if (child === neutral) continue;
      // Nested groups of the same kind belong to this one: their members are what rules share.
      for (const member of child.kind === kind ? child.children : [child]) flat.add(member);
    }
    if (flat.size === 0) return neutral;
    // Checks are free of effects, so the cheap ones go first; sorting also makes equal groups equal.
    const members = [...flat].sort((a, b) => a.cost - b.cost || a.id - b.id);
    if (members.length === 1) return members[0]!;
    const cost = members.reduce((sum, member, i) => sum + member.cost / (i + 1), 1);
    return this.#make(kind, `${kind} ${members.map((m) => m.id).join(" ")}`, members, undefined, cost);
  }
}
