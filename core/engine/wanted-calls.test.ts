import { expect, test } from "bun:test";
import fc from "fast-check";
import { combined, conditionPasses } from "../../tests/harness/kernel-condition.ts";
import { cursorOf, record, rulesetOf, someState, TID } from "../../tests/harness/synthetic-events.ts";
import { EVENT } from "../schema/event-codes.ts";
import { SYSCALLS } from "../schema/syscalls.ts";
import { linkThread } from "../state/thread-table.ts";
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

test("wantedCalls tells containers from the host", () => {
  expect(wordsOf("chmod", "evt.type = chmod and container.id != host")).toEqual(["processes of the host"]);
  expect(wordsOf("chmod", "evt.type = chmod and not container.id != host")).toEqual([
    "processes in containers",
  ]);
  expect(wordsOf("chmod", "evt.type = chmod and container.id = 0123456789ab")).toEqual([
    "processes of the host",
  ]);
  expect(wordsOf("chmod", "evt.type = chmod and k8s.ns.name = kube-system and user.uid = 0")).toEqual([
    "processes of the host",
    "users other than 0",
  ]);
  // The host has a name, and a container may have it too.
  expect(wordsOf("chmod", "evt.type = chmod and container.name = host")).toEqual([]);
  expect(wordsOf("chmod", "evt.type = chmod and container.name != host")).toEqual(["processes of the host"]);
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

const name = fc.constantFrom(...NAMES.slice(0, 6));
const uid = fc.constantFrom(...UIDS);
const check = fc.oneof(
  fc.tuple(fc.constantFrom("=", "!=", "<", "<=", ">", ">="), uid).map(([op, n]) => `user.uid ${op} ${n}`),
  fc.array(uid, { minLength: 1, maxLength: 4 }).map((list) => `user.uid in (${list.join(", ")})`),
  fc
    .tuple(fc.constantFrom("=", "!=", "contains", "startswith", "endswith"), name)
    .map(([op, n]) => `proc.name ${op} ${n}`),
  name.map((n) => `proc.name startswith ${n.slice(0, 3)}`),
  fc
    .tuple(
      fc.constantFrom("container.id", "container.name", "container.type", "k8s.ns.name"),
      fc.constantFrom("=", "!=", "startswith"),
      fc.constantFrom("host", "0123456789ab", "kube"),
    )
    .map(([field, op, value]) => `${field} ${op} ${value}`),
  fc.constantFrom(
    "container.id in (host, 0123456789ab)",
    "container.id in (host)",
    "container.privileged = true",
    "container.privileged != true",
    "k8s.pod.name exists",
  ),
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
test("what rules match fulfils the conditions made for them", () => {
  let leftOut = 0;
  let matches = 0;
  const people = fc.array(
    fc.record({
      uid,
      containerId: fc.constantFrom("", "0123456789ab"),
      comm: fc.constantFrom(...NAMES.filter(({ length }) => length <= 15)),
    }),
    {
      minLength: 20,
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(fc.array(combined(check), { minLength: 1, maxLength: 2 }), people, (conditions, threads) => {
      const ruleset = rulesetOf(...conditions.map((condition) => `evt.type = mkdir and (${condition})`));
      const wanted = pushDown([codeOf("mkdir")], ruleset.rules).get(codeOf("mkdir"))?.wanted;
      for (const who of threads) {
        const state = someState();
        const cursor = cursorOf(record(EVENT.SYSCALL_MKDIR_2_X, 0, [1, 2, 3]));
        state.apply(cursor);
        // The first event ends the reading of seeds, which finds out about containers.
        Object.assign(state.thread!, who);
        let matched = 0;
        ruleset.match({ event: cursor, state }, () => matched++);
        const passing = !wanted || conditionPasses(wanted.condition, { ...who, result: 0, texts: {} });
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

const PATHS = [
  "/etc/passwd",
  "/etc",
  "/etc/",
  "/etc/ssh/sshd_config",
  "/etcetera",
  "/usr/../etc/passwd",
  "//etc/passwd",
  "/etc/./passwd",
  "/etc/.hidden",
  "/usr/bin/sh",
  "etc/passwd",
  "../etc/passwd",
  "",
  "/",
  "(NULL)",
  `/${"long/".repeat(30)}..`,
  `${"/long".repeat(23)}`,
];
const CALLS: readonly (readonly [call: string, event: keyof typeof EVENT, ...texts: string[]])[] = [
  ["unlink", "SYSCALL_UNLINK_2_X", "path"],
  ["unlinkat", "SYSCALL_UNLINKAT_2_X", "name"],
  ["mkdir", "SYSCALL_MKDIR_2_X", "path"],
  ["symlinkat", "SYSCALL_SYMLINKAT_X", "target", "linkpath"],
  ["rename", "SYSCALL_RENAME_X", "oldpath", "newpath"],
  ["renameat2", "SYSCALL_RENAMEAT2_X", "oldpath", "newpath"],
  ["mount", "SYSCALL_MOUNT_X", "dev", "dir"],
  ["openat", "SYSCALL_OPENAT_2_X", "name"],
  ["open", "SYSCALL_OPEN_X", "name"],
];
const path = fc.constantFrom(...PATHS.filter((one) => one !== ""));
const quoted = path.map((one) => JSON.stringify(one));

function pathCheck(texts: readonly string[]): fc.Arbitrary<string> {
  const fields = [
    ...texts.map((text) => `evt.arg.${text}`),
    // The raw one of that name is a number's.
    ...texts.filter((text) => text !== "dev").map((text) => `evt.rawarg.${text}`),
    "fs.path.name",
    "fs.path.nameraw",
    "fs.path.source",
    "fs.path.target",
    "fs.path.targetraw",
    "fd.name",
  ];
  return fc.oneof(
    fc
      .tuple(
        fc.constantFrom(...fields),
        fc.constantFrom("=", "!=", "startswith", "endswith", "contains"),
        quoted,
      )
      .map(([field, op, text]) => `${field} ${op} ${text}`),
    fc
      .tuple(fc.constantFrom(...fields), path, fc.nat(12))
      .map(([field, text, n]) => `${field} startswith ${JSON.stringify(text.slice(0, n + 1))}`),
    fc
      .tuple(
        fc.constantFrom(...fields),
        fc.constantFrom("in", "pmatch"),
        fc.array(quoted, { minLength: 1, maxLength: 3 }),
      )
      .map(([field, op, list]) => `${field} ${op} (${list.join(", ")})`),
    fc.constantFrom("fs.path.name pmatch (/etc/*.conf, /usr/b?n)", "evt.res = SUCCESS", "user.uid = 0"),
  );
}

test("what rules match fulfils the conditions on paths made for them", () => {
  let leftOut = 0;
  let matches = 0;
  const cases = fc.constantFrom(...CALLS).chain(([call, event, ...texts]) =>
    fc.record({
      call: fc.constant(call),
      event: fc.constant(EVENT[event]!),
      conditions: fc.array(combined(pathCheck(texts)), { minLength: 1, maxLength: 2 }),
      seen: fc.array(
        fc.record({
          result: fc.constantFrom(...(call.startsWith("open") ? [-2, -1, 3] : [0, -2])),
          texts: fc.record(Object.fromEntries(texts.map((text) => [text, fc.constantFrom(...PATHS)]))),
        }),
        { minLength: 20, maxLength: 30 },
      ),
    }),
  );
  fc.assert(
    fc.property(cases, ({ call, event, conditions, seen }) => {
      const ruleset = rulesetOf(...conditions.map((condition) => `evt.type = ${call} and (${condition})`));
      const wanted = pushDown([codeOf(call)], ruleset.rules).get(codeOf(call))?.wanted;
      for (const { result, texts } of seen) {
        const state = someState();
        const thread = state.lookUp(TID)!;
        Object.assign(thread, { pid: TID, ptid: 1, uid: 0, comm: "sh", cwd: "/etc/" });
        linkThread(state, thread);
        const values = Object.fromEntries(
          Object.entries(texts).map(([parameter, text]) => [parameter, Buffer.from(`${text}\0`)]),
        );
        const cursor = cursorOf(record(event, result, [1, 2, 3], values));
        state.apply(cursor);
        let matched = 0;
        ruleset.match({ event: cursor, state }, () => matched++);
        const asked = wanted && (wanted.of === "all" || result < 0);
        const passing =
          !asked || conditionPasses(wanted.condition, { uid: 0, comm: "sh", containerId: "", result, texts });
        if (matched > 0) expect({ result, texts, wanted, passing }).toMatchObject({ passing: true });
        leftOut += passing ? 0 : 1;
        matches += matched;
      }
    }),
    { numRuns: 600 },
  );
  expect(leftOut).toBeGreaterThan(300);
  expect(matches).toBeGreaterThan(300);
}, 60_000);
