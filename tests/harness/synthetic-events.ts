import { loadRuleset, type Ruleset } from "../../core/engine/ruleset.ts";
import { EventCursor } from "../../core/event/cursor.ts";
import { EVENT_HEADER_SIZE } from "../../core/event/source.ts";
import type { ParamType } from "../../core/schema/event-row.ts";
import { EVENTS } from "../../core/schema/events.ts";
import { FD, Fd } from "../../core/state/fd.ts";
import { State } from "../../core/state/state.ts";

/** Thread that events made here belong to. */
export const TID = 100;

/** A rule set of nothing but these conditions; the rules are named r0, r1, … */
export function rulesetOf(...conditions: readonly string[]): Ruleset {
  const content = conditions
    .map((condition, i) => `- {rule: r${i}, desc: d, condition: '${condition}', output: o, priority: INFO}`)
    .join("\n");
  const { ruleset, report } = loadRuleset({
    files: [{ name: "rules", content }],
    selections: [],
    priority: "Debug",
    firstOnly: false,
    additions: [],
    staticFields: {},
    sources: ["syscall"],
  });
  if (!ruleset) throw new Error(report.files[0]?.failure?.message);
  return ruleset;
}

const SIZES: Partial<Record<ParamType, number>> = {
  CHARBUF: 6,
  FSPATH: 6,
  FSRELPATH: 6,
  BYTEBUF: 9,
  SOCKADDR: 7,
  SOCKTUPLE: 13,
  DYN: 9,
  FDLIST: 2,
};
const FIXED: readonly (readonly [RegExp, number])[] = [
  [/8$|^SIGTYPE|^L4|^SOCKFAMILY/, 1],
  [/16$|^SYSCALLID|^PORT/, 2],
  [/32$|^UID|^GID|^MODE|^SIGSET|^BOOL/, 4],
];
const sizeOf = (type: ParamType): number =>
  SIZES[type] ?? FIXED.find(([pattern]) => pattern.test(type))?.[1] ?? 8;

/**
 * A record of the event with this result (its first parameter). The other parameters come from `seed`, small so that they meet what is there,
 * unless `values` has them by name.
 */
export function record(
  code: number,
  result: number,
  seed: readonly number[],
  values: Readonly<Record<string, number | Buffer>> = {},
): Buffer {
  const { params } = EVENTS[code]!;
  const head = Buffer.alloc(EVENT_HEADER_SIZE + 2 * params.length);
  const parts = params.map(({ name, type }, i) => {
    const value = i === 0 ? result : (values[name] ?? seed[i % seed.length]! % 8);
    const bytes = typeof value === "number" ? numberBytes(value, sizeOf(type)) : value;
    head.writeUInt16LE(bytes.length, EVENT_HEADER_SIZE + 2 * i);
    return bytes;
  });
  const bytes = Buffer.concat([head, ...parts]);
  bytes.writeBigUInt64LE(1_700_000_000_000_000_000n, 0);
  bytes.writeUInt32LE(TID, 8);
  bytes.writeUInt32LE(bytes.length, 16);
  bytes.writeUInt16LE(code, 20);
  bytes.writeUInt32LE(params.length, 22);
  return bytes;
}

function numberBytes(value: number, size: number): Buffer {
  const wide = Buffer.alloc(Math.max(8, size));
  wide.writeBigInt64LE(BigInt(value));
  return wide.subarray(0, size);
}

export function cursorOf(bytes: Buffer): EventCursor {
  const event = new EventCursor();
  event.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, 0);
  return event;
}

/** A state with a thread that has a few descriptors. */
export function someState(): State {
  const state = new State();
  const thread = state.lookUp(TID)!;
  for (const [number, kind] of [FD.FILE, FD.IPV4_SOCK, FD.UNIX_SOCK, FD.FIFO].entries())
    state.addFd(thread, number, new Fd(kind));
  return state;
}

/** Marks of the last event, which the next overwrites. */
const PASSING = new Set(["lastSeen", "lastEventFd", "lastEnterCode"]);

/** All that state knows, as text. */
export function snapshot(state: State): string {
  const threads = Array.from(state.threads.values(), (thread) => {
    const own = Object.entries(thread).filter(
      ([name, value]) => typeof value !== "object" && !PASSING.has(name),
    );
    const fds = Array.from(thread.descriptors ?? [], ([number, fd]) => [
      number,
      Bun.inspect({ ...fd, oldName: "" }),
    ]);
    return [own, fds];
  });
  return Bun.inspect(threads, { depth: 6 });
}
