import { expect, test } from "bun:test";
import fc from "fast-check";
import { combined } from "../../tests/harness/kernel-condition.ts";
import { cursorOf, record, rulesetOf, snapshot, someState } from "../../tests/harness/synthetic-events.ts";
import type { ParameterFilter } from "../capture/ebpf/call-filter.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { FCNTL_VALUES } from "../schema/native-flags.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import type { State } from "../state/state.ts";
import { pushDown } from "./push-down.ts";

type EventId = keyof typeof EVENT;

const codeOf = (name: string): number => SYSCALLS.find((call) => call.name === name)!.code;
const exitOf = (name: string): number => EVENT[SYSCALLS.find((call) => call.name === name)!.exit as EventId]!;

/** As the probe has it: what lies outside of the domain passes. */
function passes({ domain, values, anyOf = 0 }: ParameterFilter, value: number): boolean {
  if ((value & ~domain) !== 0) return true;
  return values ? values.includes(value) : (value & anyOf) !== 0;
}

const parametersOf = (call: string, ...conditions: readonly string[]): readonly ParameterFilter[] =>
  pushDown([codeOf(call)], rulesetOf(...conditions).rules).get(codeOf(call))?.parameters ?? [];

test("pushDown narrows calls by the flags and numbers that rules want", () => {
  expect(parametersOf("kill", "evt.type = kill and evt.arg.sig in (SIGKILL, SIGTERM)")).toEqual([
    { name: "sig", domain: 255, values: [9, 15] },
  ]);
  expect(parametersOf("chmod", 'evt.type = chmod and evt.arg.mode contains "S_ISUID"')).toEqual([
    { name: "mode", domain: 0xfff, anyOf: 0x800 },
  ]);
  expect(parametersOf("ptrace", "evt.type = ptrace and evt.rawarg.request = 16")).toEqual([
    { name: "request", domain: 255, values: [16] },
  ]);
});

test("pushDown leaves values alone that some rule does not ask for, and where state learns from them", () => {
  const wanted = "evt.type = kill and evt.arg.sig = SIGKILL";
  expect(parametersOf("kill", wanted, "evt.type = kill and proc.name = cat")).toEqual([]);
  expect(parametersOf("kill", wanted, "evt.type = kill and evt.arg.sig != SIGKILL")).toEqual([]);
  expect(parametersOf("setrlimit", "evt.type = setrlimit and evt.arg.resource = RLIMIT_CORE")).toEqual([]);
  expect(parametersOf("unshare", "evt.type = unshare and evt.arg.flags contains CLONE_NEWNET")).toEqual([]);
});

/** Calls with parameters that filters may tell apart. */
const CALLS = [
  "kill",
  "tgkill",
  "chmod",
  "fchmodat",
  "mprotect",
  "setsockopt",
  "ptrace",
  "renameat2",
  "unlinkat",
  "lseek",
  "flock",
  "futex",
];
const NUMBERED = /^(ENUM|FLAGS|MODE|SIGTYPE)/;
const numbered = CALLS.flatMap((call) =>
  EVENTS[exitOf(call)]!.params.filter(({ type }) => NUMBERED.test(type)).map((param) => ({ call, param })),
);

/** A test on one of the parameters, or on something that only the event shows. */
function testOn(call: string): fc.Arbitrary<string> {
  const mine = numbered.filter((one) => one.call === call).map(({ param }) => param);
  return fc.constantFrom(...mine).chain((param) => {
    const names = [...(param.flags ?? []).map(([name]) => name), "SIGKILL", "SIGHUP"];
    const name = fc.constantFrom(...names);
    const number = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.constantFrom(...(param.flags ?? [["", 1]]).map(([, v]) => v)),
    );
    return fc.oneof(
      name.map((text) => `evt.arg.${param.name} contains "${text}"`),
      name.map((text) => `evt.arg.${param.name} = "${text}"`),
      fc.tuple(name, name).map(([a, b]) => `evt.arg.${param.name} in ("${a}", "${b}")`),
      name.map((text) => `evt.arg.${param.name} startswith "${text.slice(0, 5)}"`),
      number.map((value) => `evt.rawarg.${param.name} = ${value}`),
      number.map((value) => `evt.rawarg.${param.name} > ${value}`),
      fc.constantFrom("evt.rawres >= 0", "proc.name = cat", "evt.arg[1] exists", "fd.num >= 0"),
    );
  });
}

const conditionOn = (call: string): fc.Arbitrary<string> => combined(testOn(call));

const valuesOf = (table: readonly (readonly [string, number])[]): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0, max: 255 }),
    fc
      .subarray(table.length > 0 ? table.map(([, value]) => value) : [1])
      .map((bits) => bits.reduce((a, b) => a | b, 0)),
  );

test("what rules match passes the filters on values made for them", () => {
  let leftOut = 0;
  let matches = 0;
  const cases = fc.constantFrom(...CALLS).chain((call) => {
    const { params } = EVENTS[exitOf(call)]!;
    const values = Object.fromEntries(
      params.filter(({ type }) => NUMBERED.test(type)).map(({ name, flags = [] }) => [name, valuesOf(flags)]),
    );
    return fc.record({
      call: fc.constant(call),
      conditions: fc.array(conditionOn(call), { minLength: 1, maxLength: 2 }),
      events: fc.array(fc.record(values), { minLength: 20, maxLength: 30 }),
    });
  });
  fc.assert(
    fc.property(cases, ({ call, conditions, events }) => {
      const ruleset = rulesetOf(...conditions.map((condition) => `evt.type = ${call} and (${condition})`));
      const filters = pushDown([codeOf(call)], ruleset.rules).get(codeOf(call))?.parameters ?? [];
      const { params } = EVENTS[exitOf(call)]!;
      for (const values of events) {
        const state = someState();
        const cursor = cursorOf(record(exitOf(call), 0, [1, 2, 3], values));
        const before = snapshot(state);
        state.apply(cursor);
        let matched = 0;
        ruleset.match({ event: cursor, state }, () => matched++);
        state.settle();
        const passing = filters.every((filter) => {
          const index = params.findIndex(({ name }) => name === filter.name);
          return passes(filter, cursor.uint(index, 0));
        });
        if (matched > 0) expect({ values, filters, passing }).toMatchObject({ passing: true });
        if (!passing) expect(snapshot(state)).toBe(before);
        leftOut += passing ? 0 : 1;
        matches += matched;
      }
    }),
    { numRuns: 300 },
  );
  // Neither all nor nothing: the property above says something.
  expect(leftOut).toBeGreaterThan(100);
  expect(matches).toBeGreaterThan(100);
}, 60_000);

/** Where state alone asks for a call: the parameter that its filter's argument becomes, and the recorded values that the filter lets pass. */
const ONLY: readonly (readonly [call: string, parameter: string, passing: readonly number[]])[] = [
  [
    "fcntl",
    "cmd",
    FCNTL_VALUES.filter(([native]) => [0, 2, 1030].includes(native)).map(([, value]) => value),
  ],
  ["prctl", "option", [15, 36, 37]],
  ["getsockopt", "optname", [4]],
  ["setrlimit", "resource", [7]],
  ["prlimit64", "resource", [7]],
];

test.each(ONLY)(
  "state learns nothing from the values of %s that its filter leaves out",
  (call, parameter, passing) => {
    const filter = pushDown([codeOf(call)], []).get(codeOf(call))!;
    expect(filter.only?.values.length).toBe(passing.length);
    const { params } = EVENTS[exitOf(call)]!;
    const { flags = [] } = params.find(({ name }) => name === parameter)!;
    const left = flags.map(([, value]) => value).filter((value) => !passing.includes(value));
    expect(left.length).toBeGreaterThan(5);
    fc.assert(
      fc.property(
        fc.constantFrom(...left),
        fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 8 }),
        fc.integer({ min: 0, max: 4 }),
        (value, seed, result) => {
          const state = someState();
          const before = snapshot(state);
          state.apply(cursorOf(record(exitOf(call), result, seed, { [parameter]: value })));
          state.settle();
          expect(snapshot(state)).toBe(before);
        },
      ),
      { numRuns: 200 },
    );
  },
);

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const SOCKET_FD = 6;

interface Ends {
  readonly own: Buffer;
  readonly ownPort: number;
  readonly far: Buffer;
  readonly farPort: number;
}

const tupleOf = ({ own, ownPort, far, farPort }: Ends): Buffer => {
  const ports = [ownPort, farPort].map((port) => Buffer.from(new Uint16Array([port]).buffer));
  return Buffer.concat([Buffer.of(own.length === 4 ? AF_INET : AF_INET6), own, ports[0]!, far, ports[1]!]);
};
const swapped = ({ own, ownPort, far, farPort }: Ends): Ends => ({
  own: far,
  ownPort: farPort,
  far: own,
  farPort: ownPort,
});

/** A state in which a TCP socket was connected, or accepted. */
function withConnection(ends: Ends, accepted: boolean): State {
  const state = someState();
  const domain = ends.own.length === 4 ? AF_INET : AF_INET6;
  const apply = (id: EventId, result: number, values: Record<string, number | Buffer>): void => {
    state.apply(cursorOf(record(EVENT[id], result, [0, 0, 0], values)));
    state.settle();
  };
  if (accepted) {
    apply("SOCKET_ACCEPT4_6_X", SOCKET_FD, { tuple: tupleOf(swapped(ends)), flags: 0 });
  } else {
    apply("SOCKET_SOCKET_X", SOCKET_FD, { domain, type: SOCK_STREAM, proto: IPPROTO_TCP });
    apply("SOCKET_CONNECT_X", 0, { tuple: tupleOf(ends), fd: SOCKET_FD, addr: Buffer.alloc(0) });
  }
  return state;
}

test("state learns nothing from what is sent and received on TCP sockets whose ends it knows", () => {
  const transfers: readonly (readonly [EventId, boolean])[] = [
    ["SOCKET_SENDTO_X", false],
    ["SOCKET_SENDMSG_X", false],
    ["SOCKET_SENDMMSG_X", false],
    ["SOCKET_RECVFROM_X", true],
    ["SOCKET_RECVMSG_X", true],
    ["SOCKET_RECVMMSG_X", true],
  ];
  const address = (size: number): fc.Arbitrary<Buffer> =>
    fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => Buffer.from(bytes));
  const port = fc.integer({ min: 1, max: 0xffff });
  const ends = fc
    .constantFrom(4, 16)
    .chain((size) => fc.record({ own: address(size), ownPort: port, far: address(size), farPort: port }));
  fc.assert(
    fc.property(ends, fc.boolean(), fc.constantFrom(...transfers), fc.nat(5000), fc.boolean(), (...given) => {
      const [pair, accepted, [id, receives], size, named] = given;
      const state = withConnection(pair, accepted);
      const before = snapshot(state);
      const tuple = !named ? Buffer.alloc(0) : tupleOf(receives ? swapped(pair) : pair);
      state.apply(cursorOf(record(EVENT[id], size, [0, 0, 0], { fd: SOCKET_FD, tuple })));
      state.settle();
      expect(snapshot(state)).toBe(before);
    }),
    { numRuns: 500 },
  );
});
