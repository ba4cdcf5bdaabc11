// hot path
import type { Context } from "../../fields/field.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import type { BoundNode } from "../check/bind.ts";
import type { Operand } from "../check/operand.ts";
import type { CodeSet } from "../language/code-set.ts";
import type { Hits } from "./emit.ts";
import { Estimates } from "./estimates.ts";
import { Interpreter } from "./interpreter.ts";
import { conjuncts, ExprFactory, type KnownValue } from "./node.ts";
import type { Pending } from "./plan.ts";
import { COMPILE_AFTER, type EventProgram } from "./program.ts";
import { SubjectProgram } from "./subject-program.ts";

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

/**
 * Enter events of calls that rules know by their exit: they bring what the exit may lack and, as in the reference,
 * are not looked at by rules themselves.
 */
const ONLY_FOR_STATE = new Set<number>([
  EVENT.SYSCALL_OPEN_E,
  EVENT.SYSCALL_OPENAT_2_E,
  EVENT.SYSCALL_OPENAT2_E,
  EVENT.SYSCALL_CREAT_E,
  EVENT.SOCKET_CONNECT_E,
  EVENT.SYSCALL_EXECVE_19_E,
  EVENT.SYSCALL_EXECVEAT_E,
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
 * Runs rules over events: one program per event type, made when the first event of the type comes; where that is often
 * it becomes a generated function. A rule that cannot match an event type costs its events nothing.
 */
export class Matcher<R extends Matchable> {
  readonly #rules: readonly R[];
  readonly #hits: Hits;
  readonly #programs: (EventProgram | null | undefined)[];
  readonly #firstOnly: boolean;
  readonly #compileAfter: number;

  /**
   * Rules in the order of evaluation; `firstOnly` stops at the first match of an event. After so many steps of
   * interpreting them, those of an event type are compiled.
   */
  constructor(rules: readonly R[], firstOnly: boolean, compileAfter = COMPILE_AFTER) {
    this.#compileAfter = compileAfter;
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

  #program(code: number): EventProgram | null {
    const factory = new ExprFactory(knownFor(code));
    const pending: Pending[] = [];
    this.#rules.forEach(({ codes, condition }, index) => {
      if (!codes.has(code) || ONLY_FOR_STATE.has(code)) return;
      const expr = factory.build(condition);
      if (expr === factory.false) return;
      pending.push({ index, conditions: new Set(expr === factory.true ? [] : conjuncts(expr)) });
    });
    const program =
      pending.length === 0
        ? null
        : SubjectProgram.of(pending, {
            factory,
            interpreter: new Interpreter(new Estimates()),
            hits: this.#hits,
            compileAfter: this.#compileAfter,
          });
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
