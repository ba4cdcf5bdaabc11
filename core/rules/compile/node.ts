import type { BoundNode, PairNode, PresenceNode, TestNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";

export type Leaf = TestNode | PairNode | PresenceNode;

/** A boolean expression of one event type's rules; equal expressions are the same object. */
export interface Expr {
  readonly id: number;
  readonly kind: "and" | "or" | "not" | "leaf" | "true" | "false";
  readonly children: readonly Expr[];
  readonly leaf: Leaf | undefined;
  /** How many leaves it has, those of shared parts wherever they occur. */
  readonly size: number;
}

function leafKey(leaf: Leaf): string {
  if (leaf.kind === "present") return `? ${leaf.operand.key}`;
  if (leaf.kind === "pair") return `${leaf.left.key} ${leaf.operator} @${leaf.right.key}`;
  return `${leaf.quantifier} ${leaf.operand.key} ${leaf.test.key()}`;
}

/** Rules say "never" as `evt.num = 0`: events are numbered from 1. */
const isNever = ({ operand, test }: TestNode): boolean =>
  operand.field?.name === "evt.num" && test.equals?.every((value) => value === 0) === true;

/** The expressions that have to hold for one to hold. */
export const conjuncts = (expr: Expr): readonly Expr[] => (expr.kind === "and" ? expr.children : [expr]);

/** What is known about operands before any event is seen: constants of the event type. */
export type KnownValue = (operand: Operand) => string | undefined;

/** Builds expressions, sharing equal ones, and decides checks whose operand is known. */
export class ExprFactory {
  readonly #byKey = new Map<string, Expr>();
  readonly #built = new Map<BoundNode, Expr>();
  readonly #known: KnownValue;
  readonly true: Expr = this.#make("true", "T");
  readonly false: Expr = this.#make("false", "F");

  constructor(known: KnownValue) {
    this.#known = known;
  }

  #make(kind: Expr["kind"], key: string, children: readonly Expr[] = [], leaf?: Leaf): Expr {
    const existing = this.#byKey.get(key);
    if (existing) return existing;
    const size = children.reduce((sum, child) => sum + child.size, leaf ? 1 : 0);
    const made: Expr = { id: this.#byKey.size, kind, children, leaf, size };
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
        return this.#group(
          node.kind,
          node.children.map((child) => this.build(child)),
        );
      case "not":
        return this.#not(this.build(node.child));
      case "test": {
        const value = node.quantifier === "one" ? this.#known(node.operand) : undefined;
        if (value !== undefined) return node.test.passes(value) ? this.true : this.false;
        return isNever(node) ? this.false : this.#leaf(node);
      }
      case "present":
        return this.#known(node.operand) === undefined ? this.#leaf(node) : this.true;
      case "pair":
        return this.#leaf(node);
    }
  }

  /** What is left of an expression once some leaves are decided; `done` remembers what was asked before. */
  assume(expr: Expr, decided: ReadonlyMap<Expr, boolean>, done: Map<Expr, Expr>): Expr {
    if (expr.kind === "leaf") {
      const value = decided.get(expr);
      return value === undefined ? expr : value ? this.true : this.false;
    }
    const earlier = done.get(expr);
    if (earlier) return earlier;
    const left = this.#assume(expr, decided, done);
    done.set(expr, left);
    return left;
  }

  /** The same for conditions that all have to hold: nothing when they cannot. */
  assumeAll(
    conditions: ReadonlySet<Expr>,
    decided: ReadonlyMap<Expr, boolean>,
    done: Map<Expr, Expr>,
  ): ReadonlySet<Expr> | undefined {
    const all = new Set<Expr>();
    for (const condition of conditions) {
      const left = this.assume(condition, decided, done);
      if (left === this.false) return undefined;
      for (const member of conjuncts(left)) if (member !== this.true) all.add(member);
    }
    return all;
  }

  #assume(expr: Expr, decided: ReadonlyMap<Expr, boolean>, done: Map<Expr, Expr>): Expr {
    const { kind, children } = expr;
    if (kind === "not") return this.#not(this.assume(children[0]!, decided, done));
    if (kind !== "and" && kind !== "or") return expr;
    const absorbing = kind === "and" ? this.false : this.true;
    const left: Expr[] = [];
    for (const child of children) {
      const now = this.assume(child, decided, done);
      if (now === absorbing) return absorbing;
      left.push(now);
    }
    return left.every((now, i) => now === children[i]) ? expr : this.#group(kind, left);
  }

  #leaf(leaf: Leaf): Expr {
    return this.#make("leaf", `L ${leafKey(leaf)}`, [], leaf);
  }

  #not(child: Expr): Expr {
    if (child === this.true) return this.false;
    if (child === this.false) return this.true;
    if (child.kind === "not") return child.children[0]!;
    return this.#make("not", `! ${child.id}`, [child]);
  }

  #group(kind: "and" | "or", children: readonly Expr[]): Expr {
    const [neutral, absorbing] = kind === "and" ? [this.true, this.false] : [this.false, this.true];
    const flat = new Set<Expr>();
    for (const child of children) {
      if (child === absorbing) return absorbing;
      if (child === neutral) continue;
      // Nested groups of the same kind belong to this one: their members are what rules share.
      for (const member of child.kind === kind ? child.children : [child]) flat.add(member);
    }
    if (flat.size === 0) return neutral;
    const members = [...flat].sort((a, b) => a.id - b.id);
    if (members.length === 1) return members[0]!;
    return this.#make(kind, `${kind} ${members.map((m) => m.id).join(" ")}`, members);
  }
}
