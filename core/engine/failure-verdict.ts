import { EventCursor } from "../event/cursor.ts";
import { EVENT_HEADER_SIZE } from "../event/source.ts";
import type { Context } from "../fields/field.ts";
import type { BoundNode, TestNode } from "../rules/check/bind.ts";
import { EF } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { HAS_RESULT } from "../schema/has-result.ts";
import { State } from "../state/state.ts";
import { Thread } from "../state/thread.ts";

/** Known for sure, or not known without what only the event holds. */
type Verdict = boolean | undefined;

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

/** An exit event of which nothing but its result is there, of a thread without descriptors. */
class FailedEvent {
  readonly context: Context;
  readonly #bytes: Buffer;
  readonly #event = new EventCursor();
  readonly #state = new State();

  constructor(code: number) {
    const count = EVENTS[code]!.params.length;
    this.#bytes = Buffer.alloc(EVENT_HEADER_SIZE + 2 * count + 8);
    this.#bytes.writeUInt32LE(this.#bytes.length, 16);
    this.#bytes.writeUInt16LE(code, 20);
    this.#bytes.writeUInt32LE(count, 22);
    this.#bytes.writeUInt16LE(8, EVENT_HEADER_SIZE);
    const thread = new Thread(1);
    thread.lastEventFd = -1;
    this.#state.thread = thread;
    this.context = { event: this.#event, state: this.#state };
  }

  with(errno: number): Context {
    const bytes = this.#bytes;
    bytes.writeBigInt64LE(BigInt(-errno), bytes.length - 8);
    this.#event.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, 0);
    return this.context;
  }
}

/**
 * Which failures of a call rules may be true for. Conditions are evaluated with what is known of such an event; what is not known leaves
 * the answer open, and open means yes.
 */
export class FailureVerdicts {
  readonly #code: number;
  readonly #event: FailedEvent;
  readonly #errnos: readonly number[];
  readonly #makesFd: boolean;
  /** For each test that can be decided, its answer for every error. */
  readonly #answers = new Map<TestNode, readonly boolean[] | undefined>();

  /** `code` is that of an exit event; errors run from 1 to `lastErrno`. */
  constructor(code: number, lastErrno: number) {
    const { flags } = EVENTS[code]!;
    this.#code = code;
    this.#makesFd = (flags & EF.CREATES_FD) !== 0 && (flags & EF.USES_FD) === 0;
    this.#event = new FailedEvent(code);
    this.#errnos = Array.from({ length: lastErrno }, (_, i) => i + 1);
  }

  /** Errors with which one of the conditions may hold; undefined when nearly all of them. */
  wanted(conditions: readonly BoundNode[]): number[] | undefined {
    if (HAS_RESULT[this.#code] !== 1) return undefined;
    const errnos = new Set<number>();
    for (const condition of conditions) {
      if (this.#verdict(condition, undefined) === false) continue;
      for (const errno of this.#errnos) {
        if (!errnos.has(errno) && this.#verdict(condition, errno - 1) !== false) errnos.add(errno);
      }
      if (errnos.size > MAX_ERRNOS) return undefined;
    }
    return [...errnos].sort((a, b) => a - b);
  }

  /** For error `index + 1`, or whatever the error. */
  #verdict(node: BoundNode, index: number | undefined): Verdict {
    switch (node.kind) {
      case "not": {
        const inner = this.#verdict(node.child, index);
        return inner === undefined ? undefined : !inner;
      }
      case "and":
      case "or": {
        const decisive = node.kind === "or";
        let open = false;
        for (const child of node.children) {
          const verdict = this.#verdict(child, index);
          if (verdict === decisive) return decisive;
          open ||= verdict === undefined;
        }
        return open ? undefined : !decisive;
      }
      case "test": {
        const answers = this.#answer(node);
        if (!answers) return undefined;
        if (index !== undefined) return answers[index];
        return answers.every((answer) => answer === answers[0]) ? answers[0] : undefined;
      }
      default:
        return undefined;
    }
  }

  #answer(node: TestNode): readonly boolean[] | undefined {
    if (this.#answers.has(node)) return this.#answers.get(node);
    const { operand, test, quantifier } = node;
    const name = operand.field?.name ?? "";
    const known = OF_RESULT.has(name) || (this.#makesFd && OF_MISSING_FD.has(name));
    const answers =
      known && quantifier === "one" && operand.arg === undefined
        ? this.#errnos.map((errno) => {
            const value = operand.read(this.#event.with(errno), undefined);
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
