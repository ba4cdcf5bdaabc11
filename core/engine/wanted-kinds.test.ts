import { expect, test } from "bun:test";
import fc from "fast-check";
import { combined, conditionPasses } from "../../tests/harness/kernel-condition.ts";
import { cursorOf, record, rulesetOf, someState, TID } from "../../tests/harness/synthetic-events.ts";
import type { CallFilter } from "../capture/ebpf/call-filter.ts";
import { ALL_KINDS, KIND, kindBits } from "../capture/ebpf/fd-kinds.ts";
import { EVENT } from "../schema/event-codes.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { FD, Fd, L4, ROLE } from "../state/fd.ts";
import { isConnectedInet, isInet } from "../state/fd-kind.ts";
import { noEnds } from "../state/socket-ends.ts";
import { linkThread } from "../state/thread-table.ts";
import { explainCapture } from "./explain-capture.ts";
import { pushDown } from "./push-down.ts";

const CLONES = ["clone", "clone3", "fork", "vfork"];
const codeOf = (name: string): number => SYSCALLS.find((call) => call.name === name)!.code;
const filterOf = (call: string, ...conditions: readonly string[]): CallFilter | undefined =>
  pushDown([call, ...CLONES].map(codeOf), rulesetOf(...conditions).rules).get(codeOf(call));

const wordsOf = (call: string, ...conditions: readonly string[]): string | undefined =>
  explainCapture(rulesetOf(...conditions), { custom_set: [], repair: false, all: true }).find(
    (row) => row.call === call,
  )?.filtered;

test("wantedKinds tells kinds of descriptors that no rule wants", () => {
  expect(wordsOf("lseek", "evt.type = lseek and fd.type in (ipv4, ipv6)")).toBe(
    "descriptors other than ipv4, ipv6",
  );
  expect(wordsOf("lseek", "evt.type = lseek and (fd.typechar = f or fd.typechar = d)")).toBe(
    "descriptors other than file, directory",
  );
  // What is bound to IPv6 may talk IPv4.
  expect(wordsOf("lseek", "evt.type = lseek and fd.typechar = 4")).toBe("descriptors other than ipv4, ipv6");
  expect(wordsOf("lseek", "evt.type = lseek and fd.typechar = 6")).toBe("descriptors other than ipv6");
  expect(wordsOf("lseek", "evt.type = lseek and fd.typechar = u")).toBe(
    "descriptors other than unix, userfaultfd",
  );
  expect(wordsOf("lseek", "evt.type = lseek and fd.type != file and fd.type exists")).toBe(
    "descriptors file",
  );
  expect(
    wordsOf("lseek", "evt.type = lseek and fd.sport in (80, 443)", "evt.type = lseek and fd.l4proto = udp"),
  ).toBe("descriptors other than ipv4, ipv6");
  expect(wordsOf("lseek", "evt.type = lseek and fd.sockfamily = unix and user.uid = 0")).toBe(
    "users other than 0; descriptors other than unix",
  );
});

test("wantedKinds says nothing where a descriptor of which nothing is known passes too", () => {
  for (const check of ["not fd.type = file", "fd.typechar != f", "fd.typechar = o", "not fd.sport = 80"])
    expect(wordsOf("lseek", `evt.type = lseek and ${check}`)).toBe("");
  // There is a name that depends on more.
  for (const check of ["fd.name contains a", "fd.filename = a", "fd.directory = /"])
    expect(wordsOf("lseek", `evt.type = lseek and ${check}`)).toBe("");
});

test("pushDown lets through what state has to see of reading and writing", () => {
  expect(wordsOf("read", "evt.type = read and fd.type = file")).toBe(
    "descriptors other than file, unconnected sockets",
  );
  expect(wordsOf("write", "evt.type = write and user.uid = 0")).toBe(
    "users other than 0 and descriptors other than unconnected sockets",
  );
  // Of sockets it sees more, and for what fails alone it would not be worth while.
  expect(filterOf("recvfrom", "evt.type = recvfrom and fd.type = unix")).toBeUndefined();
});

test("pushDown follows kinds only where a rule asks for them, and new processes are seen", () => {
  const follows = (calls: readonly string[], rule: string): readonly (string | undefined)[] =>
    [...pushDown(calls.map(codeOf), rulesetOf(rule).rules)]
      .filter(([, filter]) => filter.follows)
      .map(([code]) => SYSCALLS[code]?.name);
  const rule = "evt.type = lseek and fd.type = file";
  expect(follows(["lseek", "openat", "dup", "close", ...CLONES], rule)).toEqual(["openat", "dup"]);
  expect(follows(["lseek", "openat", ...CLONES], "evt.type = lseek and user.uid = 0")).toEqual([]);
  expect(follows(["lseek", "openat", "clone", "fork"], rule)).toEqual([]);
});

/** Calls on descriptors, with their events: those that state learns nothing from, something of sockets, and only where they succeed. */
const CALLS = [
  ["lseek", "SYSCALL_LSEEK_X"],
  ["ioctl", "SYSCALL_IOCTL_3_X"],
  ["listen", "SOCKET_LISTEN_X"],
  ["splice", "SYSCALL_SPLICE_X"],
  ["read", "SYSCALL_READ_X"],
  ["pwrite64", "SYSCALL_PWRITE_X"],
  ["connect", "SOCKET_CONNECT_X"],
  ["dup2", "SYSCALL_DUP2_X"],
] as const;

const types = ["file", "directory", "ipv4", "ipv6", "pipe", "unix", "netlink", "memfd", "eventpoll", "<NA>"];
const chars = ["f", "d", "4", "6", "p", "u", "o", "e", "n", "m"];
const list = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...values.map((value) => JSON.stringify(value))), { minLength: 1, maxLength: 3 })
    .map((some) => `(${some.join(", ")})`);
const check = fc.oneof(
  fc
    .tuple(fc.constantFrom("=", "!=", "startswith", "contains"), fc.constantFrom(...types))
    .map(([op, type]) => `fd.type ${op} "${type}"`),
  fc
    .tuple(fc.constantFrom("=", "!="), fc.constantFrom(...chars))
    .map(([op, char]) => `fd.typechar ${op} "${char}"`),
  list(types).map((some) => `fd.type in ${some}`),
  list(chars).map((some) => `fd.typechar in ${some}`),
  fc.constantFrom(
    "fd.sockfamily = ip",
    "fd.sockfamily != unix",
    "fd.l4proto = tcp",
    "fd.l4proto != tcp",
    'fd.l4proto = "<NA>"',
    "fd.sip = 127.0.0.1",
    "fd.ip != 127.0.0.1",
    "fd.net = 127.0.0.0/8",
    "fd.snet != 10.0.0.0/8",
    "fd.port = 80",
    "fd.port != 80",
    "fd.lport in (0, 80)",
    "fd.sip exists",
    "fd.ip exists",
    "fd.type exists",
    "fd.connected = true",
    "fd.name contains a",
    "user.uid = 0",
    "evt.res = SUCCESS",
    "evt.rawres >= 0",
  ),
);

/** A descriptor as state has it, and what else is thought possible of it. */
const descriptor = fc.record({
  number: fc.constantFrom(5, 5, 5, -1, 200),
  kind: fc.option(fc.constantFrom<number>(...Object.values(FD)), { freq: 8 }),
  connected: fc.boolean(),
  more: fc.oneof(fc.constant(0), fc.nat(ALL_KINDS)),
  isFollowed: fc.constantFrom(true, true, true, false),
  l4: fc.constantFrom(...Object.values(L4)),
  role: fc.constantFrom(...Object.values(ROLE)),
  result: fc.constantFrom(0, 5, -9),
});

test("what rules match, and what state learns from, fulfils the conditions on kinds made for them", () => {
  let leftOut = 0;
  let matches = 0;
  const cases = fc.constantFrom(...CALLS).chain(([call, event]) =>
    fc.record({
      call: fc.constant(call),
      event: fc.constant(EVENT[event]),
      conditions: fc.array(combined(check), { minLength: 1, maxLength: 2 }),
      descriptors: fc.array(descriptor, { minLength: 20, maxLength: 30 }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ call, event, conditions, descriptors }) => {
      const name = call === "pwrite64" ? "pwrite" : call;
      const ruleset = rulesetOf(...conditions.map((condition) => `evt.type = ${name} and (${condition})`));
      const filter = pushDown([call, ...CLONES].map(codeOf), ruleset.rules).get(codeOf(call));
      for (const one of descriptors) {
        const { number, kind, connected, more, isFollowed, l4, role, result } = one;
        const state = someState();
        const thread = state.lookUp(TID)!;
        Object.assign(thread, { pid: TID, ptid: 1, uid: 0, comm: "sh", cwd: "/" });
        linkThread(state, thread);
        if (kind !== null && number >= 0) {
          const fd = Object.assign(new Fd(kind), { connected, l4, role });
          if (isInet(kind)) fd.ends = noEnds(16);
          state.addFd(thread, number, fd);
        }
        const known = kind === null ? KIND.NOTHING | KIND.CONNECTED : kindBits(kind, connected);
        const kinds = isFollowed && number >= 0 && number < 128 ? known | more : 0;
        const names = { fd: number, oldfd: number, fd_out: number, fd_in: 0, newfd: 7 };
        const cursor = cursorOf(record(event, result, [1], { ...names, tuple: Buffer.alloc(0) }));
        state.apply(cursor);
        let matched = 0;
        ruleset.match({ event: cursor, state }, () => matched++);
        const learnt = state.fd && isConnectedInet(state.fd.kind) && !connected && result >= 0;
        const { wanted } = filter ?? {};
        const asked = wanted && (wanted.of === "all" || result < 0);
        const seen = { uid: 0, comm: "sh", containerId: "", result, texts: {}, kinds };
        const passing = !asked || conditionPasses(wanted.condition, seen);
        if (matched > 0 || (learnt && (call === "read" || call === "pwrite64")))
          expect({ one, wanted, passing }).toMatchObject({ passing: true });
        leftOut += passing ? 0 : 1;
        matches += matched;
      }
    }),
    { numRuns: 1000 },
  );
  // Neither all nor nothing: the property above says something.
  expect(leftOut).toBeGreaterThan(400);
  expect(matches).toBeGreaterThan(400);
}, 60_000);
