// hot path

import { isSeldom } from "../../ffi/seldom.ts";
import type { Context } from "../../fields/field.ts";
import { type EventFunction, emitPlan, type Hits } from "./emit.ts";
import { Estimates } from "./estimates.ts";
import type { Interpreter } from "./interpreter.ts";
import type { Expr, ExprFactory } from "./node.ts";
import { type Pending, plan } from "./plan.ts";

/** Finds the rules that are true for an event and writes their indexes where its maker said. */
export interface EventProgram {
  run(context: Context): void;
}

/**
 * Rules are interpreted until that has cost so many steps, a few milliseconds: compiling them, and what the
 * JavaScript engine then does to optimise the code, costs some ten times that.
 */
export const COMPILE_AFTER = 300_000;

/** What the programs of one event type share. */
export interface Workshop {
  readonly factory: ExprFactory;
  readonly interpreter: Interpreter;
  readonly hits: Hits;
  readonly compileAfter: number;
}
/** Meanwhile one event in so many is looked at in full, to know how often each expression is true. */
const COUNT_EVERY = 16;
const MIN_COUNTED = 24;
/** So many expressions are counted at most. */
const MAX_COUNTED = 1200;

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

/** Rules as they are interpreted, and how often their expressions were true. */
class Learner {
  readonly #workshop: Workshop;
  readonly #rules: readonly { readonly index: number; readonly conditions: readonly Expr[] }[];
  readonly #counted: readonly Expr[];
  readonly #counts: Uint32Array;
  #events = 0;
  #samples = 0;
  #steps = 0;

  constructor(rules: readonly Pending[], workshop: Workshop) {
    this.#workshop = workshop;
    const estimates = new Estimates();
    this.#rules = rules.map(({ index, conditions }) => ({
      index,
      conditions: estimates.byPrice(conditions),
    }));
    this.#counted = countable(rules);
    this.#counts = new Uint32Array(this.#counted.length);
    // Over before full optimisation would have paid.
    isSeldom(this.run, this.#count);
  }

  /** Finds the rules that are true; says whether it has done enough of it. */
  run(context: Context): boolean {
    const { interpreter, hits, compileAfter } = this.#workshop;
    const before = interpreter.steps;
    interpreter.next();
    if (++this.#events % COUNT_EVERY === 0) this.#count(context);
    for (let i = 0; i < this.#rules.length; i++) {
      const { index, conditions } = this.#rules[i]!;
      let at = 0;
      while (at < conditions.length && interpreter.holds(conditions[at]!, context)) at++;
      if (at === conditions.length) hits.buffer[hits.count++] = index;
    }
    this.#steps += interpreter.steps - before;
    return this.#steps > compileAfter && this.#samples >= MIN_COUNTED;
  }

  #count(context: Context): void {
    this.#samples++;
    for (let i = 0; i < this.#counted.length; i++) {
      if (this.#workshop.interpreter.holds(this.#counted[i]!, context)) this.#counts[i]!++;
    }
  }

  /** Shares of events; nothing counts as impossible after a few. */
  get shares(): ReadonlyMap<Expr, number> {
    return new Map(
      this.#counted.map((expr, i) => [expr, (this.#counts[i]! + 0.5) / (this.#samples + 1)] as const),
    );
  }
}

/** Rules of one event type: interpreted while they are new, compiled once it is known which tests decide. */
export class Program implements EventProgram {
  readonly #workshop: Workshop;
  #pending: readonly Pending[];
  #learner: Learner | undefined = undefined;
  #compiled: EventFunction | undefined = undefined;

  constructor(pending: readonly Pending[], workshop: Workshop) {
    this.#pending = pending;
    this.#workshop = workshop;
  }

  run(context: Context): void {
    if (this.#compiled !== undefined) this.#compiled(context);
    else this.#interpret(context);
  }

  #interpret(context: Context): void {
    this.#learner ??= new Learner(this.#pending, this.#workshop);
    if (!this.#learner.run(context)) return;
    const estimates = new Estimates(this.#learner.shares);
    this.#compiled = emitPlan(plan(this.#pending, estimates), this.#workshop.hits, estimates);
    this.#learner = undefined;
    this.#pending = [];
  }
}
