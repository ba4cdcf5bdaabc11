import { expect, test } from "bun:test";
import fc from "fast-check";
import { combined } from "../../tests/harness/kernel-condition.ts";
import { cursorOf, record, rulesetOf, snapshot, someState } from "../../tests/harness/synthetic-events.ts";
import type { CallFilter } from "../capture/ebpf/call-filter.ts";
import { EVENT } from "../schema/event-codes.ts";
import { HAS_RESULT } from "../schema/has-result.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { explainCapture } from "./explain-capture.ts";
import { pushDown } from "./push-down.ts";
import { selectSyscalls, syscallsOfEvents } from "./selection.ts";

const BASE = { custom_set: [], repair: false, all: false };

const codeOf = (name: string): number => SYSCALLS.find((call) => call.name === name)!.code;
function filtersOf(...conditions: readonly string[]): (call: string) => CallFilter | undefined {
  const ruleset = rulesetOf(...conditions);
  const traced = selectSyscalls(syscallsOfEvents(ruleset.codes("syscall")), BASE).codes;
  const filters = pushDown(traced, ruleset.rules);
  return (call) => filters.get(codeOf(call));
}

test("pushDown keeps failures out of the way where rules want successes only", () => {
  expect(filtersOf("evt.type = openat and fd.num >= 0")("openat")).toEqual({ failures: [] });
  expect(filtersOf("evt.type = unlink and evt.res = SUCCESS")("unlink")).toEqual({ failures: [] });
  expect(filtersOf("evt.type = mkdir and not evt.failed = true")("mkdir")).toEqual({ failures: [] });
});

test("pushDown lets the errors pass that a rule names, and all where it can't tell", () => {
  expect(filtersOf("evt.type = openat and evt.res in (EACCES, EPERM)")("openat")).toEqual({
    failures: [1, 13],
  });
  expect(filtersOf("evt.type = openat and evt.rawres = -2")("openat")).toEqual({ failures: [2] });
  expect(filtersOf("evt.type = openat and proc.cmdline = cat")("openat")).toBeUndefined();
  expect(filtersOf("evt.type = openat and fd.num < 0")("openat")).toBeUndefined();
});

test("pushDown lets a connection under way pass", () => {
  expect(filtersOf("evt.type = connect and evt.res = SUCCESS")("connect")).toEqual({ failures: [115] });
});

test("pushDown narrows calls that only state asks for", () => {
  const filter = filtersOf("evt.type = mkdir");
  expect(filter("fcntl")).toEqual({ failures: [], only: { argument: 1, values: [0, 2, 1030] } });
  expect(filter("recvfrom")).toEqual({ failures: [], exceptTcp: true });
  expect(filtersOf("evt.type = fcntl")("fcntl")).toBeUndefined();
});

test("pushDown leaves everything in where a rule looks at the events before", () => {
  expect(filtersOf("evt.type = openat and fd.num >= 0", "evt.deltatime > 5")("openat")).toBeUndefined();
});

test("explainCapture names rules, and what the kernel leaves out", () => {
  const rows = explainCapture(rulesetOf("evt.type = connect and evt.res = SUCCESS"), BASE);
  expect(rows.find(({ call }) => call === "connect")).toEqual({
    call: "connect",
    rules: ["r0"],
    base: false,
    filtered: "failures but EINPROGRESS",
  });
  expect(rows.find(({ call }) => call === "sendto")).toEqual({
    call: "sendto",
    rules: [],
    base: true,
    filtered: "failures; TCP sockets",
  });
});

test("explainCapture says in words what of users, programs, places and paths is left out", () => {
  const filteredOf = (call: string, ...conditions: readonly string[]): string | undefined =>
    explainCapture(rulesetOf(...conditions), BASE).find((row) => row.call === call)?.filtered;
  expect(
    filteredOf(
      "chmod",
      "evt.type = chmod and user.uid != 0 and container.id != host",
      'evt.type = chmod and proc.name in (nginx, sh) and evt.arg.filename startswith "/etc/"',
    ),
  ).toBe(
    "(users 0 or processes of the host) and (programs other than nginx, sh or filename other than /etc/*)",
  );
  expect(filteredOf("unlink", "evt.type = unlink and fs.path.name in (/etc/passwd, /etc/shadow)")).toBe(
    "path other than /etc/passwd, /etc/shadow",
  );
  expect(
    filteredOf("connect", "evt.type = connect and (fd.num = 3 or evt.failed = true) and user.uid < 1000"),
  ).toBe("failures but EINPROGRESS of users from 1000");
});

test("state learns nothing from the failures that no rule wants", () => {
  const nothing = rulesetOf("evt.type = mkdir");
  const traced = selectSyscalls(syscallsOfEvents(nothing.codes("syscall")), BASE).codes;
  const filters = pushDown(traced, nothing.rules.slice(0, 0));
  const codes = [
    ...new Set([...filters.keys()].map((code) => EVENT[SYSCALLS[code]!.exit as keyof typeof EVENT])),
  ];
  const failures = new Map(
    [...filters].map(([code, { failures = [] }]) => [
      EVENT[SYSCALLS[code]!.exit as keyof typeof EVENT],
      failures,
    ]),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...codes.filter((code) => HAS_RESULT[code] === 1)),
      fc.integer({ min: 1, max: 531 }),
      fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 8 }),
      (code, errno, seed) => {
        fc.pre(!failures.get(code)!.includes(errno));
        const state = someState();
        const before = snapshot(state);
        state.apply(cursorOf(record(code, -errno, seed)));
        state.settle();
        expect(snapshot(state)).toBe(before);
      },
    ),
    { numRuns: 1000 },
  );
}, 60_000);

const CHECKS = [
  "evt.res = SUCCESS",
  "evt.res != SUCCESS",
  "evt.res = EACCES",
  "evt.res in (ENOENT, EPERM)",
  "evt.res startswith E",
  "evt.rawres >= 0",
  "evt.rawres < -10",
  "evt.rawres = -2",
  "evt.failed = true",
  "evt.failed = false",
  "fd.num >= 0",
  "fd.num < 0",
  "fd.num = -1",
  "fd.typechar = f",
  "fd.type exists",
  "proc.name = cat",
  "evt.is_open_read = true",
  "evt.arg.name contains a",
  "evt.dir = <",
  "fd.name startswith /",
];
const CALLS = [
  "openat",
  "open",
  "unlink",
  "connect",
  "accept4",
  "mkdir",
  "dup",
  "kill",
  "chmod",
  "execve",
  "socket",
];

test("what rules match passes the filters made for them", () => {
  const node = combined(fc.constantFrom(...CHECKS));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...CALLS), node), { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 531 }), { minLength: 5, maxLength: 10 }),
      fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 8 }),
      (rules, errnos, seed) => {
        const ruleset = rulesetOf(
          ...rules.map(([call, condition]) => `evt.type = ${call} and (${condition})`),
        );
        const filters = pushDown(CALLS.map(codeOf), ruleset.rules);
        for (const [call] of rules) {
          const code = codeOf(call);
          const event = EVENT[SYSCALLS[code]!.exit as keyof typeof EVENT];
          for (const errno of [1, 2, 13, ...errnos]) {
            const state = someState();
            const cursor = cursorOf(record(event, -errno, seed));
            state.apply(cursor);
            let matched = 0;
            ruleset.match({ event: cursor, state }, () => matched++);
            const passing = filters.get(code)?.failures;
            if (matched > 0 && passing) expect(passing).toContain(errno);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
