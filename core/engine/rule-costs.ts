import type { Context } from "../fields/field.ts";
import { Matcher } from "../rules/compile/matcher.ts";
import type { RunningRule } from "../rules/load/compiled.ts";

/** What the evaluation of one rule's condition has cost so far, extrapolated from a sample. */
export interface RuleCost {
  readonly rule: string;
  readonly source: string;
  readonly evaluations: number;
  /** Of processor time. */
  readonly seconds: number;
}

/** One event of so many is measured. */
const EVERY = 256;
const NANOSECONDS = 1e9;

interface Measured {
  readonly rule: RunningRule;
  readonly matcher: Matcher<RunningRule>;
  samples: number;
  nanoseconds: number;
}

/**
 * Measures what each rule would cost by itself. Rules are compiled together and share their tests, so the cost of one cannot be read
 * off the whole; instead every so many events each rule that the event's type concerns is evaluated alone, against a clock.
 */
export class RuleCosts {
  readonly #measured: readonly Measured[];
  readonly #clockCost = clockCost();
  #untilNext = EVERY;

  constructor(rules: readonly RunningRule[]) {
    this.#measured = rules.map((rule) => ({
      rule,
      matcher: new Matcher([rule], false),
      samples: 0,
      nanoseconds: 0,
    }));
  }

  /** An event that rules of this source look at. Costs nothing to speak of but for one event in many. */
  see(context: Context, source: string): void {
    if (--this.#untilNext > 0) return;
    this.#untilNext = EVERY;
    const { code } = context.event;
    for (const measured of this.#measured) {
      const { rule, matcher } = measured;
      if (rule.definition.source !== source || !rule.codes.has(code)) continue;
      // The first run may compile; the better of two is what the machine did not disturb.
      matcher.match(context, ignore);
      const time = Math.min(timed(matcher, context), timed(matcher, context));
      measured.samples++;
      measured.nanoseconds += Math.max(0, time - this.#clockCost);
    }
  }

  /** All rules that were evaluated, in the order of their definition. */
  get result(): readonly RuleCost[] {
    return this.#measured
      .filter(({ samples }) => samples > 0)
      .map(({ rule, samples, nanoseconds }) => ({
        rule: rule.name,
        source: rule.definition.source,
        evaluations: samples * EVERY,
        seconds: (nanoseconds * EVERY) / NANOSECONDS,
      }));
  }
}

const ignore = (): void => {};

function timed(matcher: Matcher<RunningRule>, context: Context): number {
  const before = Bun.nanoseconds();
  matcher.match(context, ignore);
  return Bun.nanoseconds() - before;
}

/** Nanoseconds that looking at the clock takes by itself. */
function clockCost(): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 100; i++) {
    const before = Bun.nanoseconds();
    least = Math.min(least, Bun.nanoseconds() - before);
  }
  return least;
}
