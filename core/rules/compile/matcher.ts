// hot path
import type { Context } from "../../fields/field.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import type { BoundNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";
import type { CodeSet } from "../language/event-codes.ts";
import { type EventFunction, emitPlan, type Hits } from "./emit.ts";
import { type Expr, ExprFactory, type KnownValue } from "./node.ts";
import { type Pending, plan } from "./plan.ts";

/** What the matcher needs of a rule. */
export interface Matchable {
  readonly condition: BoundNode;
  /** Event codes it can be true for. */
  readonly codes: CodeSet;
}

/** Events whose type is only known from their content. */
const OPEN_TYPE = new Set<number>([
  EVENT.GENERIC_E,
  EVENT.GENERIC_X,
  EVENT.ASYNCEVENT_E,
  EVENT.PLUGINEVENT_E,
]);

function knownFor(code: number): KnownValue {
  const { name, origin } = EVENTS[code]!;
  const fixed = !OPEN_TYPE.has(code) && origin !== "METAEVENT" ? name : undefined;
  return ({ field }: Operand) => {
    if (field?.name === "evt.type") return fixed;
    if (field?.name === "evt.dir") return code & 1 ? "<" : ">";
    return undefined;
  };
}

const conditionsOf = (expr: Expr): readonly Expr[] => (expr.kind === "and" ? expr.children : [expr]);

/**
 * Runs rules over events: one generated function per event type, made when the first event of the type comes.
 * A rule that cannot match an event type costs its events nothing.
 */
export class Matcher<R extends Matchable> {
  readonly #rules: readonly R[];
  readonly #hits: Hits;
  readonly #byCode: (EventFunction | null | undefined)[];
  readonly #firstOnly: boolean;

  /** Rules in the order of evaluation; `firstOnly` stops at the first match of an event. */
  constructor(rules: readonly R[], firstOnly: boolean) {
    this.#rules = rules;
    this.#firstOnly = firstOnly;
    this.#hits = { buffer: new Int32Array(rules.length), count: 0 };
    this.#byCode = EVENTS.map(() => undefined);
  }

  /** Codes of the events that any rule wants. */
  get codes(): ReadonlySet<number> {
    const all = new Set<number>();
    for (const rule of this.#rules) for (const code of rule.codes) all.add(code);
    return all;
  }

  #compile(code: number): EventFunction | null {
    const factory = new ExprFactory(knownFor(code));
    const pending: Pending[] = [];
    this.#rules.forEach((rule, index) => {
      if (!rule.codes.has(code)) return;
      const expr = factory.build(rule.condition);
      if (expr === factory.false) return;
      const conditions = expr === factory.true ? [] : conditionsOf(expr);
      pending.push({ index, conditions: new Set(conditions) });
    });
    const compiled = pending.length === 0 ? null : emitPlan(plan(pending), this.#hits);
    this.#byCode[code] = compiled;
    return compiled;
  }

  /** Calls `onMatch` for each rule that is true for the context's event, in rule order. */
  match(context: Context, onMatch: (rule: R) => void): void {
    const { code } = context.event;
    let run = this.#byCode[code];
    if (run === null) return;
    if (run === undefined) {
      run = this.#compile(code);
      if (run === null) return;
    }
    const hits = this.#hits;
    hits.count = 0;
    run(context);
    if (hits.count === 0) return;
    const { buffer, count } = hits;
    // The generated code groups rules by what they share, not by their order.
    if (count > 1) buffer.subarray(0, count).sort();
    const wanted = this.#firstOnly ? 1 : count;
    for (let i = 0; i < wanted; i++) onMatch(this.#rules[buffer[i]!]!);
  }
}
