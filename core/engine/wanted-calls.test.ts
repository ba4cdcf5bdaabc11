import { expect, test } from "bun:test";
import fc from "fast-check";
import { cursorOf, record, rulesetOf, someState, TID } from "../../tests/harness/synthetic-events.ts";
import type { Condition } from "../capture/ebpf/call-condition.ts";
import { EVENT } from "../schema/event-codes.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { leftOutBy } from "./explain-condition.ts";
import { pushDown } from "./push-down.ts";

const codeOf = (name: string): number => SYSCALLS.find((call) => call.name === name)!.code;
const wantedOf = (call: string, ...conditions: readonly string[]) =>
  pushDown([codeOf(call)], rulesetOf(...conditions).rules).get(codeOf(call))?.wanted;
const wordsOf = (call: string, ...conditions: readonly string[]): readonly string[] => {
  const wanted = wantedOf(call, ...conditions);
  return wanted ? leftOutBy(wanted.condition) : [];
};

test("wantedCalls tells users and programs that no rule wants", () => {
  expect(wordsOf("chmod", "evt.type = chmod and user.uid = 0")).toEqual(["users other than 0"]);
  expect(wordsOf("chmod", "evt.type = chmod and user.uid != 0")).toEqual(["users 0"]);
  expect(wordsOf("chmod", "evt.type = chmod and not user.uid >= 1000")).toEqual([
    "users other than 0 to 999",
  ]);
  expect(wordsOf("chmod", "evt.type = chmod and user.uid in (5, 6, 9)")).toEqual([
    "users other than 5 to 6, 9",
  ]);
  expect(wordsOf("chmod", "evt.type = chmod and proc.name in (nginx, sh)")).toEqual([
    "programs other than nginx, sh",
  ]);
  expect(wordsOf("chmod", 'evt.type = chmod and not proc.name startswith "systemd-"')).toEqual([
    "programs systemd-*",
  ]);
});

test("wantedCalls joins what all rules want", () => {
  const other =
    "evt.type = chmod and user.uid = 7 and (proc.name = sh or proc.name = dash) and evt.res = SUCCESS";
  expect(wordsOf("chmod", "evt.type = chmod and user.uid = 0", other)).toEqual([
    "users other than 0 and (users other than 7 or programs other than sh and programs other than dash)",
  ]);
  expect(wordsOf("chmod", "evt.type = chmod and user.uid = 0", "evt.type in (chmod, mkdir)")).toEqual([]);
  expect(wordsOf("chmod", "evt.type in (chmod, mkdir) and (user.uid = 0 or evt.type = mkdir)")).toEqual([
    "users other than 0",
  ]);
});

test("wantedCalls says nothing where it can't be sure", () => {
  for (const check of [
    "proc.name contains sh",
    "proc.name = '(NULL)'",
    "proc.name startswith '<'",
    'proc.name = "a b"',
    "toupper(proc.name) = SH",
    "proc.pname = sh",
    "user.name = root",
    "proc.name exists",
  ])
    expect(wordsOf("chmod", `evt.type = chmod and ${check.replaceAll("'", '"')}`)).toEqual([]);
  // Too long for a name: never true.
  expect(wordsOf("chmod", "evt.type = chmod and (proc.name = a-name-of-16-byte or user.uid = 0)")).toEqual([
    "users other than 0",
  ]);
});

test("wantedCalls leaves out failures only, where state learns from the rest", () => {
  const rule = "evt.type = openat and user.uid = 0 and evt.res != SUCCESS";
  expect(wantedOf("openat", rule, "evt.type = openat and fd.num >= 0")).toMatchObject({ of: "failed" });
  expect(wordsOf("openat", rule, "evt.type = openat and fd.num >= 0")).toEqual(["users other than 0"]);
  expect(wantedOf("connect", "evt.type = connect and user.uid = 0")).toMatchObject({
    of: "failed",
    butErrors: [115],
  });
  expect(wantedOf("mmap", "evt.type = mmap and user.uid = 0")).toBeUndefined();
});

const NAMES = ["sh", "nginx", "nginx-worker-15", "nginx-worker-16x", "a", "systemd-udevd", "bad\x01", "é"];
const UIDS = [0, 1, 5, 999, 1000, 65534, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

interface Who {
  readonly uid: number;
  readonly comm: string;
}

/** As the programs have it. */
function holds(condition: Condition, who: Who): boolean {
  switch (condition.kind) {
    case "all":
      return condition.parts.every((part) => holds(part, who));
    case "any":
      return condition.parts.some((part) => holds(part, who));
    case "user":
      return condition.ranges.some(([from, to]) => who.uid >= from && who.uid <= to) !== condition.negated;
    case "program": {
      const { names, prefixes, negated } = condition;
      const found = names.includes(who.comm) || prefixes.some((prefix) => who.comm.startsWith(prefix));
      return found !== negated;
    }
  }
}

const name = fc.constantFrom(...NAMES.slice(0, 6));
const uid = fc.constantFrom(...UIDS);
const check = fc.oneof(
  fc.tuple(fc.constantFrom("=", "!=", "<", "<=", ">", ">="), uid).map(([op, n]) => `user.uid ${op} ${n}`),
  fc.array(uid, { minLength: 1, maxLength: 4 }).map((list) => `user.uid in (${list.join(", ")})`),
  fc
    .tuple(fc.constantFrom("=", "!=", "contains", "startswith", "endswith"), name)
    .map(([op, n]) => `proc.name ${op} ${n}`),
  name.map((n) => `proc.name startswith ${n.slice(0, 3)}`),
  fc.array(name, { minLength: 1, maxLength: 4 }).map((list) => `proc.name in (${list.join(", ")})`),
  fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((list) => `proc.name startswith anyof (${list.join(", ")})`),
  fc.constantFrom(
    "evt.res = SUCCESS",
    "proc.name exists",
    "evt.type = chmod",
    "evt.dir = <",
    "proc.name = val(proc.exe)",
  ),
);
const { node } = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small" },
    check,
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} or ${b})`),
    tie("node").map((inner) => `not (${inner})`),
  ),
}));

test("what rules match fulfils the conditions made for them", () => {
  let leftOut = 0;
  let matches = 0;
  const people = fc.array(
    fc.record({ uid, comm: fc.constantFrom(...NAMES.filter(({ length }) => length <= 15)) }),
    {
      minLength: 20,
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(fc.array(node, { minLength: 1, maxLength: 2 }), people, (conditions, threads) => {
      const ruleset = rulesetOf(...conditions.map((condition) => `evt.type = mkdir and (${condition})`));
      const wanted = pushDown([codeOf("mkdir")], ruleset.rules).get(codeOf("mkdir"))?.wanted;
      for (const who of threads) {
        const state = someState();
        Object.assign(state.lookUp(TID)!, who);
        const cursor = cursorOf(record(EVENT.SYSCALL_MKDIR_2_X, 0, [1, 2, 3]));
        state.apply(cursor);
        let matched = 0;
        ruleset.match({ event: cursor, state }, () => matched++);
        const passing = !wanted || holds(wanted.condition, who);
        if (matched > 0) expect({ who, wanted, passing }).toMatchObject({ passing: true });
        leftOut += passing ? 0 : 1;
        matches += matched;
      }
    }),
    { numRuns: 300 },
  );
  // Neither all nor nothing: the property above says something.
  expect(leftOut).toBeGreaterThan(300);
  expect(matches).toBeGreaterThan(300);
}, 60_000);
