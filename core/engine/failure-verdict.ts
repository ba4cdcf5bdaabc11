import type { BoundNode, TestNode } from "../rules/check/bind.ts";
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { HAS_RESULT } from "../schema/has-result.ts";
import { mayHold, type Verdict } from "./approximation.ts";
import { BareEvent } from "./bare-event.ts";

/** Fields that say the same of every event of a type with the same result. */
const OF_RESULT: ReadonlySet<string> = new Set([
  "evt.type",
  "evt.dir",
  "evt.rawres",
  "evt.res",
  "evt.failed",
]);
/** Likewise where a call that failed made no descriptor. */
const OF_MISSING_FD: ReadonlySet<string> = new Set(["fd.num", "fd.type", "fd.typechar"]);

/**
 * Which failures of a call rules may be true for. Conditions are evaluated with what is known of such an event; what is not known leaves
 * the answer open, and open means yes.
 */
export class FailureVerdicts {
  readonly #code: number;
  readonly #event: BareEvent;
  readonly #errnos: readonly number[];
  readonly #makesFd: boolean;
  /** For each test that can be decided, its answer for every error. */
  readonly #answers = new Map<TestNode, readonly boolean[] | undefined>();

  /** `code` is that of an exit event; errors run from 1 to `lastErrno`. */
  constructor(code: number, lastErrno: number) {
    const { flags } = EVENTS[code]!;
    this.#code = code;
    this.#makesFd = (flags & EF.CREATES_FD) !== 0 && (flags & EF.USES_FD) === 0;
    this.#event = new BareEvent(code, 0, 8);
    this.#errnos = Array.from({ length: lastErrno }, (_, i) => i + 1);
  }

  /** Errors with which one of the conditions may hold; undefined when nearly all of them. */
  wanted(conditions: readonly BoundNode[]): number[] | undefined {
    if (HAS_RESULT[this.#code] !== 1) return undefined;
    const errnos = new Set<number>();
    for (const condition of conditions) {
      if (!mayHold(condition, this.overall)) continue;
      for (const errno of this.#errnos) {
        if (!errnos.has(errno) && mayHold(condition, (test) => this.#answer(test)?.[errno - 1]))
          errnos.add(errno);
      }
      if (errnos.size > MAX_ERRNOS) return undefined;
    }
    return [...errnos].sort((a, b) => a - b);
  }

  /** What a test comes to whatever the error. */
  readonly overall = (test: TestNode): Verdict => {
    const answers = this.#answer(test);
    return answers?.every((answer) => answer === answers[0]) ? answers[0] : undefined;
  };

  #answer(node: TestNode): readonly boolean[] | undefined {
    if (this.#answers.has(node)) return this.#answers.get(node);
    const { operand, test, quantifier } = node;
    const name = operand.field?.name ?? "";
    const known = OF_RESULT.has(name) || (this.#makesFd && OF_MISSING_FD.has(name));
    const answers =
      known && quantifier === "one" && operand.arg === undefined
        ? this.#errnos.map((errno) => {
            const value = operand.read(this.#event.with(-errno), undefined);
            return value !== undefined && !isList(value) && test.passes(value);
          })
        : undefined;
    this.#answers.set(node, answers);
    return answers;
  }
}

/** More than these are not worth telling apart. */
const MAX_ERRNOS = 16;

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
