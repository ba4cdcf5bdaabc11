// hot path
import type { Context } from "../../fields/field.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import type { BoundNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";
import type { CodeSet } from "../language/code-set.ts";
import type { Hits } from "./emit.ts";
import type { KnownValue } from "./node.ts";
import { Program } from "./program.ts";

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

/**
 * Runs rules over events: one generated function per event type, made when the first event of the type comes and
 * made anew when there were enough of them to know which tests decide. A rule that cannot match an event type costs
 * its events nothing.
 */
export class Matcher<R extends Matchable> {
  readonly #rules: readonly R[];
  readonly #hits: Hits;
  readonly #programs: (Program | null | undefined)[];
  readonly #firstOnly: boolean;

  /** Rules in the order of evaluation; `firstOnly` stops at the first match of an event. */
  constructor(rules: readonly R[], firstOnly: boolean) {
    this.#rules = rules;
    this.#firstOnly = firstOnly;
    this.#hits = { buffer: new Int32Array(rules.length), count: 0 };
    this.#programs = EVENTS.map(() => undefined);
  }

  /** Codes of the events that any rule wants. */
  get codes(): ReadonlySet<number> {
    const all = new Set<number>();
    for (const rule of this.#rules) for (const code of rule.codes) all.add(code);
    return all;
  }

  #program(code: number): Program | null {
    const known = knownFor(code);
    const wanted = this.#rules
      .map((rule, index) => ({ index, rule }))
      .filter(({ rule }) => rule.codes.has(code))
      .map(({ index, rule }) => ({ index, condition: rule.condition }));
    const program = wanted.length === 0 ? null : new Program(wanted, known, this.#hits);
    this.#programs[code] = program;
    return program;
  }

  /** Calls `onMatch` for each rule that is true for the context's event, in rule order. */
  match(context: Context, onMatch: (rule: R) => void): void {
    const { code } = context.event;
    let program = this.#programs[code];
    if (program === undefined) program = this.#program(code);
    if (program === null) return;
    const hits = this.#hits;
    if (program.learning) program.learn(context);
    hits.count = 0;
    program.run(context);
    if (hits.count === 0) return;
    const { buffer, count } = hits;
    // The generated code groups rules by what they share, not by their order.
    if (count > 1) buffer.subarray(0, count).sort();
    const wanted = this.#firstOnly ? 1 : count;
    for (let i = 0; i < wanted; i++) onMatch(this.#rules[buffer[i]!]!);
  }
}
