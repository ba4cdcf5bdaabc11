import { expect, test } from "bun:test";
import fc from "fast-check";
import { cursorOf, record, someState, TID } from "../../../tests/harness/synthetic-events.ts";
import type { EventCursor } from "../../event/cursor.ts";
import type { FdSeed } from "../../event/source.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { FCNTL_VALUES } from "../../schema/native-flags.ts";
import { FD, type Fd, OPEN_FLAG } from "../../state/fd.ts";
import { isConnectedInet } from "../../state/fd-kind.ts";
import { noEnds } from "../../state/socket-ends.ts";
import type { State } from "../../state/state.ts";
import { UPDATES } from "../../state/update/all.ts";
import { KIND, KINDS, kindBits } from "./fd-kinds.ts";
import { AF_UNIX, FD_LESSONS, type FdLesson, type OfFamily } from "./fd-lessons.ts";
import type { EventId } from "./program.ts";

const NUMBERS = 10;

/** What the programs make of the lessons. */
class Followed {
  readonly bits = new Uint16Array(NUMBERS).fill(KIND.NOTHING | KIND.CONNECTED);

  /** `argument` is the one that the lesson asks for. */
  learn(lesson: FdLesson, event: EventCursor, argument: number): void {
    const result = event.int(0, -1);
    if (result < 0 && !lesson.butErrors?.includes(-result)) return;
    if (lesson.distinct && event.int(1, -1) === event.int(2, -1)) return;
    if (lesson.only && !lesson.only.values.includes(argument)) return;
    const at = (name: string): number => paramOf(event, name);
    if (lesson.control && event.size(at(lesson.control)) >= 16) {
      const kinds = this.#of(event.int(at(lesson.of[0]!), -1));
      if (kinds === 0 || (kinds & KIND.UNIX) !== 0 || event.slice(at("tuple"))[0] === AF_UNIX) {
        this.bits.fill(0);
        return;
      }
    }
    for (const name of lesson.of) {
      const fd = event.int(at(name), -1);
      if (fd >= 0 && fd < NUMBERS) this.bits[fd] = this.#become(lesson, event, this.bits[fd]!);
    }
  }

  #of(fd: number): number {
    return fd >= 0 && fd < NUMBERS ? this.bits[fd]! : 0;
  }

  #become({ becomes }: FdLesson, event: EventCursor, before: number): number {
    const number = (name: string): number => event.int(paramOf(event, name), -1);
    const family = (name: string): number => event.slice(paramOf(event, name))[0] ?? 0;
    switch (becomes.how) {
      case "is":
        return becomes.bits;
      case "unknown":
        return 0;
      case "opened": {
        if (becomes.flagsArgument === undefined) return KIND.FILE | KIND.DIRECTORY | KIND.CONNECTED;
        const isDirectory = (number("flags") & OPEN_FLAG.DIRECTORY) !== 0;
        return (isDirectory ? KIND.DIRECTORY : KIND.FILE) | KIND.CONNECTED;
      }
      case "socket":
        return bitsOf(becomes.of, number("domain")) ?? becomes.otherwise;
      case "tuple":
        return bitsOf(becomes.of, family(becomes.parameter)) ?? before;
      case "maybe": {
        const bits = before === 0 ? 0 : before | (bitsOf(becomes.of, family(becomes.parameter)) ?? 0);
        return bits === before ? bits : bits & ~KIND.CONNECTED;
      }
      case "copy": {
        const other = this.#of(number(becomes.from));
        if (other === 0 || before === 0) return 0;
        return ((other | before) & ~KIND.CONNECTED) | (other & before & KIND.CONNECTED);
      }
    }
  }
}

const bitsOf = (of: OfFamily, family: number): number | undefined => of.find(([one]) => one === family)?.[1];
const paramOf = (event: EventCursor, name: string): number =>
  EVENTS[event.code]!.params.findIndex((param) => param.name === name);

const fd = fc.integer({ min: 0, max: NUMBERS - 1 });
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
const plain = [...new Array<number>(15).fill(0), 1];
const ip6 = fc.constantFrom(mapped, plain);
const port = fc.constantFrom([0, 0], [80, 0]);
const tuple = fc.oneof(
  fc.constantFrom([], [1, ...new Array<number>(17).fill(1), 0]),
  port.map((p) => [2, 127, 0, 0, 1, ...p, 127, 0, 0, 1, 1, 1]),
  fc.tuple(ip6, port, ip6).map(([a, p, b]) => [10, ...a, ...p, ...b, 1, 1]),
);
const address = fc.oneof(
  fc.constantFrom([], [1, 0x2f, 0x61, 0]),
  port.map((p) => [2, 127, 0, 0, 1, ...p]),
  fc.tuple(ip6, port).map(([a, p]) => [10, ...a, ...p]),
);

function control(...fds: readonly number[]): Buffer {
  const bytes = Buffer.alloc(16 + 4 * fds.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(1, 8);
  bytes.writeInt32LE(1, 12);
  fds.forEach((one, i) => void bytes.writeInt32LE(one, 16 + 4 * i));
  return bytes;
}

/** An event, and the argument that its lesson asks for. */
const happening = fc
  .constantFrom<EventId>(
    ...(Object.keys(FD_LESSONS) as EventId[]),
    "SYSCALL_CLOSE_X",
    "SYSCALL_READ_X",
    "SYSCALL_WRITE_X",
    "SYSCALL_CLOSE_RANGE_X",
  )
  .chain((id) => {
    const cmd = fc.constantFrom(0, 1030, 1, 2, 4);
    return fc.record({
      id: fc.constant(id),
      result: fc.oneof({ weight: 9, arbitrary: fd }, { weight: 1, arbitrary: fc.constantFrom(-115, -2) }),
      argument: cmd,
      seed: fc.array(fc.nat(7), { minLength: 3, maxLength: 6 }),
      fd,
      other: fd,
      tuple,
      address,
      domain: fc.constantFrom(1, 2, 10, 16, 17),
      passed: fc.array(fd, { maxLength: 3 }),
      kind: fc.constantFrom<number>(FD.FILE_V2, FD.IPV4_SOCK, FD.IPV6_SOCK, FD.UNIX_SOCK, FD.FIFO),
      isDirectory: fc.boolean(),
    });
  });

test("what is followed of kinds is what state has, or leaves it open", () => {
  let known = 0;
  fc.assert(
    fc.property(fc.array(happening, { minLength: 1, maxLength: 40 }), (happenings) => {
      const state = someState();
      const followed = new Followed();
      for (const [number, one] of state.threads.get(TID)!.fds) {
        if (one.kind === FD.IPV4_SOCK) one.ends = noEnds(4);
        followed.bits[number] = kindBits(one.kind, false);
      }
      for (const one of happenings) {
        state.fetchFds = (_pid, fds) => {
          for (const number of fds)
            state.seeds.fd({
              tid: TID,
              fd: number,
              kind: one.kind,
              name: "/x",
              ino: 1n,
              ...endsOf(one.kind),
            });
        };
        const event = cursorOf(
          record(EVENT[one.id]!, one.result, one.seed, {
            ...{ fd: one.fd, oldfd: one.fd, newfd: one.result, fd1: one.fd, fd2: one.other },
            ...{ domain: one.domain, flags: one.isDirectory ? OPEN_FLAG.DIRECTORY : 0 },
            ...{ tuple: Buffer.from(one.tuple), addr: Buffer.from(one.address) },
            cmd: FCNTL_VALUES.find(([native]) => native === one.argument)?.[1] ?? 0,
            msgcontrol: one.result >= 0 && one.passed.length > 0 ? control(...one.passed) : Buffer.alloc(0),
          }),
        );
        const lesson = FD_LESSONS[one.id];
        if (lesson) followed.learn(lesson, event, one.argument);
        state.apply(event);
        state.settle();
        known += expectFollowed(state, followed);
      }
    }),
    { numRuns: 500 },
  );
  expect(known).toBeGreaterThan(10_000);
}, 60_000);

function endsOf(kind: number): Pick<FdSeed, "localIp" | "remoteIp"> {
  if (kind !== FD.IPV4_SOCK && kind !== FD.IPV6_SOCK) return {};
  const ip = Uint8Array.from(kind === FD.IPV4_SOCK ? [127, 0, 0, 1] : mapped);
  return { localIp: ip, remoteIp: ip };
}

/** How many of the descriptors that state has are known by their kind. */
function expectFollowed(state: State, { bits }: Followed): number {
  let known = 0;
  for (const [number, entry] of state.threads.get(TID)!.fds) {
    const kinds = bits[number] ?? 0;
    if (kinds === 0) continue;
    known++;
    expect({ number, kinds, entry: entry.kind, fits: fits(kinds, entry) }).toMatchObject({ fits: true });
  }
  return known;
}

function fits(kinds: number, { kind, connected }: Fd): boolean {
  const isKind = KINDS.some((one) => (one.bit & kinds) !== 0 && one.kinds.includes(kind));
  return isKind && ((kinds & KIND.CONNECTED) === 0 || !isConnectedInet(kind) || connected);
}

test("every kind of descriptor has a bit of its own or shares one", () => {
  for (const kind of Object.values(FD))
    expect(KINDS.filter(({ kinds }) => kinds.includes(kind)).length).toBeGreaterThan(0);
});

test("there is a lesson for every event that enters descriptors", () => {
  // What these change of descriptors is no kind.
  const others =
    /^(SYSCALL_(CLOSE|CLOSE_RANGE|P?READV?|P?WRITEV?|FCHDIR|CHDIR|GETCWD|CHROOT)|(SYSCALL|SOCKET)_(CLONE|FORK|VFORK|EXEC|SET|CAPSET|UNSHARE|GETRLIMIT|PRLIMIT|PRCTL|BRK|MMAP|MUNMAP).*)_X|^PROCEXIT|^SCHEDSWITCH|^(USER|GROUP|CONTAINER)_|_E$/;
  const missing = EVENTS.filter(
    ({ code, id }) => UPDATES[code] && !FD_LESSONS[id as EventId] && !others.test(id),
  );
  expect(missing.map(({ id }) => id)).toEqual([]);
});
