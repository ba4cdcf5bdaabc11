import { isSeldom } from "../../ffi/seldom.ts";
import type { Expr, Leaf } from "./node.ts";
import { readCost } from "./read-cost.ts";

function leafCost(leaf: Leaf): number {
  if (leaf.kind === "present") return readCost(leaf.operand);
  if (leaf.kind === "pair") return readCost(leaf.left) + readCost(leaf.right) + 10;
  return readCost(leaf.operand) + (leaf.quantifier === "one" ? leaf.test.cost : 4 * leaf.test.cost + 20);
}

function leafChance(leaf: Leaf): number {
  if (leaf.kind === "present") return 0.8;
  if (leaf.kind === "pair") return leaf.operator === "!=" ? 0.7 : 0.3;
  return leaf.test.chance;
}

/** Keeps quotients finite where something is always or never true. */
const LEAST = 0.002;

/**
 * What expressions cost and how often they are true: by their form, or as counted over real events. Everything that
 * is ordered (members of groups, shared tests of rules) is ordered by these.
 */
export class Estimates {
  readonly #counted: ReadonlyMap<Expr, number>;
  readonly #chances = new Map<Expr, number>();
  readonly #costs = new Map<Expr, number>();

  /** `counted`: share of events for which an expression was true, where that is known. */
  constructor(counted: ReadonlyMap<Expr, number> = new Map()) {
    this.#counted = counted;
  }

  chance(expr: Expr): number {
    let chance = this.#chances.get(expr);
    if (chance === undefined) {
      chance = this.#counted.get(expr) ?? this.#chance(expr);
      this.#chances.set(expr, chance);
    }
    return chance;
  }

  #chance(expr: Expr): number {
    switch (expr.kind) {
      case "true":
        return 1;
      case "false":
        return 0;
      case "not":
        return 1 - this.chance(expr.children[0]!);
      case "leaf":
        return leafChance(expr.leaf!);
      case "and":
        return expr.children.reduce((product, child) => product * this.chance(child), 1);
      case "or":
        return 1 - expr.children.reduce((product, child) => product * (1 - this.chance(child)), 1);
    }
  }

  /** Nanoseconds to evaluate it, members of groups in the order of `ordered`. */
  cost(expr: Expr): number {
    let cost = this.#costs.get(expr);
    if (cost === undefined) {
      cost = this.#cost(expr);
      this.#costs.set(expr, cost);
    }
    return cost;
  }

  #cost(expr: Expr): number {
    if (expr.kind === "leaf") return leafCost(expr.leaf!);
    if (expr.kind === "not") return this.cost(expr.children[0]!);
    let cost = 1;
    let reached = 1;
    for (const child of this.ordered(expr)) {
      cost += reached * this.cost(child);
      reached *= expr.kind === "and" ? this.chance(child) : 1 - this.chance(child);
    }
    return cost;
  }

  /** The price of a decision: cost by how often the outcome ends the evaluation. */
  price(expr: Expr, kind: "and" | "or"): number {
    const decides = kind === "and" ? 1 - this.chance(expr) : this.chance(expr);
    return this.cost(expr) / Math.max(decides, LEAST);
  }

  /** Members of a group, those first that decide soonest for their cost; checks have no effects, so order is free. */
  ordered({ kind, children }: Expr): readonly Expr[] {
    if (children.length < 2 || (kind !== "and" && kind !== "or")) return children;
    return [...children].sort((a, b) => this.price(a, kind) - this.price(b, kind) || a.id - b.id);
  }

  /** Conditions that all have to hold, those first that fail soonest for their cost. */
  byPrice(conditions: Iterable<Expr>): Expr[] {
    return [...conditions].sort((a, b) => this.price(a, "and") - this.price(b, "and"));
  }

  /** How much a test saves that rules share: the rules it ends by what it costs. */
  gain(expr: Expr, rules: number, overhead: number): number {
    return (rules * Math.max(1 - this.chance(expr), LEAST)) / (overhead + this.cost(expr));
  }
}

const { chance, cost, price, gain } = Estimates.prototype;
isSeldom(chance, cost, price, gain);
