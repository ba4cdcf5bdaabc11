import type { Context } from "../../fields/field.ts";
import type { BoundNode } from "../check/bind.ts";
import { type EventFunction, emitPlan, type Hits } from "./emit.ts";
import { Estimates } from "./estimates.ts";
import { type Expr, ExprFactory, type KnownValue } from "./node.ts";
import { type Pending, plan } from "./plan.ts";

/** After so many events of the type, the next ones are counted and the program is made anew from the counts. */
const STAGES: readonly { readonly after: number; readonly count: number }[] = [
  { after: 200, count: 60 },
  { after: 20_000, count: 200 },
];
/** Counting runs expressions one by one; so many of them at most. */
const MAX_COUNTED = 1200;

const conditionsOf = (expr: Expr): readonly Expr[] => (expr.kind === "and" ? expr.children : [expr]);

/** Counts how often expressions are true. */
class Counter {
  readonly #expressions: readonly Expr[];
  readonly #counts: Uint32Array;
  readonly #hits: Hits;
  readonly #run: EventFunction;
  events = 0;

  constructor(expressions: readonly Expr[]) {
    this.#expressions = expressions;
    this.#counts = new Uint32Array(expressions.length);
    this.#hits = { buffer: new Int32Array(expressions.length), count: 0 };
    const estimates = new Estimates();
    // To the planner each expression is a rule of its own; kept apart, none is skipped for another's sake.
    const branches = expressions.map((expr, index) => ({
      kind: "if" as const,
      tests: [expr],
      body: { hits: [index], branches: [], weight: 1 },
    }));
    this.#run = emitPlan({ hits: [], branches, weight: 2 * branches.length }, this.#hits, estimates);
  }

  count(context: Context): void {
    this.events++;
    this.#hits.count = 0;
    this.#run(context);
    for (let i = 0; i < this.#hits.count; i++) this.#counts[this.#hits.buffer[i]!]!++;
  }

  /** Shares of events; nothing counts as impossible after a few. */
  get shares(): ReadonlyMap<Expr, number> {
    return new Map(
      this.#expressions.map((expr, i) => [expr, (this.#counts[i]! + 0.5) / (this.events + 1)] as const),
    );
  }
}

/** Expressions whose truth is worth counting: conditions of several rules first, then others, then their parts. */
function countable(rules: readonly Pending[]): readonly Expr[] {
  const uses = new Map<Expr, number>();
  for (const rule of rules) for (const expr of rule.conditions) uses.set(expr, (uses.get(expr) ?? 0) + 1);
  const found = new Set([...uses.keys()].sort((a, b) => uses.get(b)! - uses.get(a)!));
  // Grows while it is walked: parts come after everything they are part of.
  for (const expr of found) {
    if (found.size >= MAX_COUNTED) break;
    for (const child of expr.children) found.add(child);
  }
  return [...found].slice(0, MAX_COUNTED);
}

/** The rules of one event type as a function, and what is learned about it while it runs. */
export class Program {
  run: EventFunction;
  /** Whether `learn` wants to see the next event. */
  learning = true;
  readonly #hits: Hits;
  readonly #pending: readonly Pending[];
  #expressions: readonly Expr[];
  #seen = 0;
  #stage = 0;
  #counter: Counter | undefined;

  constructor(
    rules: readonly { readonly index: number; readonly condition: BoundNode }[],
    known: KnownValue,
    hits: Hits,
  ) {
    this.#hits = hits;
    const factory = new ExprFactory(known);
    const pending: Pending[] = [];
    for (const { index, condition } of rules) {
      const expr = factory.build(condition);
      if (expr === factory.false) continue;
      pending.push({ index, conditions: new Set(expr === factory.true ? [] : conditionsOf(expr)) });
    }
    this.#pending = pending;
    this.#expressions = countable(pending);
    // With a single rule or two there is nothing to order.
    this.learning = this.#expressions.length > 2;
    this.run = this.#compile(new Estimates());
  }

  #compile(estimates: Estimates): EventFunction {
    return emitPlan(plan(this.#pending, estimates), this.#hits, estimates);
  }

  /** Takes the event into account; from time to time that leads to a better order of tests. */
  learn(context: Context): void {
    const stage = STAGES[this.#stage]!;
    if (++this.#seen < stage.after) return;
    this.#counter ??= new Counter(this.#expressions);
    this.#counter.count(context);
    if (this.#counter.events < stage.count) return;
    this.run = this.#compile(new Estimates(this.#counter.shares));
    this.#counter = undefined;
    this.learning = ++this.#stage < STAGES.length;
    if (!this.learning) this.#expressions = [];
  }
}
