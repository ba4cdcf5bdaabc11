// hot path
import type { Context, Subject } from "../../fields/field.ts";
import type { Expr } from "./node.ts";
import type { Pending } from "./plan.ts";
import { type EventProgram, Program, type Workshop } from "./program.ts";

/** Texts that are remembered with what they decide, per variant; longer ones are rare and would keep memory. */
const MAX_TEXTS = 4096;
const MAX_LENGTH = 256;
/** Texts that came once: only those that come again are worth deciding. */
const MAX_SEEN = 2048;
/** Texts that decide the same share what is left to test; so many kinds of them at most. */
const MAX_PROGRAMS = 128;

const subjectOf = ({ leaf }: Expr): Subject | undefined =>
  leaf?.kind === "test" && leaf.quantifier === "one" ? leaf.operand.field?.decidedBy : undefined;

/** The tests in rules that each subject decides. */
function decidedTests(rules: readonly Pending[]): ReadonlyMap<Subject, readonly Expr[]> {
  const found = new Map<Subject, Expr[]>();
  const all = new Set(rules.flatMap((rule) => [...rule.conditions]));
  // Grows while it is walked.
  for (const expr of all) {
    for (const child of expr.children) all.add(child);
    const subject = subjectOf(expr);
    if (!subject) continue;
    const tests = found.get(subject);
    if (tests) tests.push(expr);
    else found.set(subject, [expr]);
  }
  return found;
}

/**
 * Rules that mostly look at one text of the event, such as the name of a file. What such tests come to is worked out
 * when a text comes for the second time; from then on an event with that text runs what is left of the rules, which
 * mostly is nothing. So the cost of an event depends neither on the number of rules nor on that of their tests.
 */
export class SubjectProgram implements EventProgram {
  readonly #rules: readonly Pending[];
  readonly #workshop: Workshop;
  readonly #subject: Subject;
  readonly #tests: readonly Expr[];
  /** All the rules: for texts that are new and events without one. */
  readonly #whole: EventProgram;
  /** By variant: what is left for a text; null for nothing. */
  readonly #byText: readonly Map<string, EventProgram | null>[];
  readonly #seen = new Set<string>();
  readonly #byOutcome = new Map<string, EventProgram | null>();
  /** Programs by what they test: different outcomes often leave the same. */
  readonly #byRest = new Map<string, EventProgram>();

  private constructor(
    rules: readonly Pending[],
    workshop: Workshop,
    [subject, tests]: readonly [Subject, readonly Expr[]],
  ) {
    this.#rules = rules;
    this.#workshop = workshop;
    this.#subject = subject;
    this.#tests = tests;
    this.#whole = new Program(rules, workshop);
    this.#byText = Array.from({ length: subject.variants }, () => new Map());
  }

  /** Makes one where rules have tests that a text decides, and a plain program where they do not. */
  static of(rules: readonly Pending[], workshop: Workshop): EventProgram {
    const [most] = [...decidedTests(rules)].sort(([, a], [, b]) => b.length - a.length);
    return most ? new SubjectProgram(rules, workshop, most) : new Program(rules, workshop);
  }

  run(context: Context): void {
    const text = this.#subject.text(context);
    if (text === undefined) {
      this.#whole.run(context);
      return;
    }
    const variant = this.#subject.variant();
    let program = this.#byText[variant]!.get(text);
    if (program === undefined) program = this.#meet(text, variant, context);
    if (program !== null) program.run(context);
  }

  #meet(text: string, variant: number, context: Context): EventProgram | null {
    if (text.length > MAX_LENGTH) return this.#whole;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
      this.#seen.add(text);
      return this.#whole;
    }
    const known = this.#byText[variant]!;
    if (known.size >= MAX_TEXTS) known.clear();
    const program = this.#decide(context);
    known.set(text, program);
    return program;
  }

  #decide(context: Context): EventProgram | null {
    const { interpreter } = this.#workshop;
    interpreter.next();
    const outcome = this.#tests.map((test) => (interpreter.holds(test, context) ? "1" : "0")).join("");
    const earlier = this.#byOutcome.get(outcome);
    if (earlier !== undefined) return earlier;
    if (this.#byOutcome.size >= MAX_PROGRAMS) return this.#whole;
    const program = this.#rest(new Map(this.#tests.map((test, i) => [test, outcome[i] === "1"])));
    this.#byOutcome.set(outcome, program);
    return program;
  }

  #rest(decided: ReadonlyMap<Expr, boolean>): EventProgram | null {
    const done = new Map<Expr, Expr>();
    const rules: Pending[] = [];
    for (const { index, conditions } of this.#rules) {
      const left = this.#workshop.factory.assumeAll(conditions, decided, done);
      if (left) rules.push({ index, conditions: left });
    }
    if (rules.length === 0) return null;
    const key = rules
      .map(({ index, conditions }) => `${index} ${[...conditions].map(({ id }) => id).join()}`)
      .join("; ");
    const program = this.#byRest.get(key) ?? new Program(rules, this.#workshop);
    this.#byRest.set(key, program);
    return program;
  }
}
