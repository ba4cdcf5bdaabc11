import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { falco } from "../harness/falco-cli.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";

if (CONFORMANCE_MISSING) console.warn(`skipped: ${CONFORMANCE_MISSING}`);

const directory = tempDir();
const known = (file: string): string => readFileSync(join(CONFORMANCE, "surface", file), "utf8");
const capture = (name: string): string[] => [
  "-o",
  "engine.kind=replay",
  "-o",
  `engine.replay.capture_file=${join(CONFORMANCE, "captures", name)}`,
];
const sorted = (text: string): string[] => text.split("\n").sort();

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const RULE = `
- rule: open_from_cat
  desc: A process named cat does an open
  condition: evt.type=open and proc.name=cat
  output: "An open was seen (command=%proc.cmdline)"
  priority: WARNING
`;

describe.skipIf(CONFORMANCE_MISSING !== undefined)("what falco prints is what the reference prints", () => {
  test("for --version, as text and as JSON", () => {
    expect(falco(["--version"])).toEqual({ code: 0, stdout: known("version.txt"), stderr: "" });
    expect(JSON.parse(falco(["--version", "-o", "json_output=true"]).stdout)).toEqual(
      JSON.parse(known("version.json")),
    );
  });

  test("for -i, whose order means nothing, and for --list=syscall -N", () => {
    expect(sorted(falco(["-i"]).stdout)).toEqual(sorted(known("ignored-events.txt")));
    expect(falco(["--list=syscall", "-N"]).stdout).toBe(known("list-names.txt"));
  });

  test("for a replay: alerts and statistics on standard output, the log's lines in order on standard error", () => {
    const rules = join(CONFORMANCE, "rules/falco_rules.yaml");
    const config = file(
      "falco.yaml",
      "log_stderr: true\nstdout_output: {enabled: true}\nappend_output: [{suggested_output: true}]\n",
    );
    const settings = ["-c", config, "-o", "priority=debug"];
    const { code, stdout, stderr } = falco([...settings, "-r", rules, ...capture("files.scap")], {
      TZ: "UTC",
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: known("replay-stdout.txt") });
    const heads = (text: string): string[] =>
      text
        .split("\n")
        .map((line) => line.replace(/^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}: /, "").replace(/ '.*$/, ""))
        .map((line) => line.replace(/\S*\/(?=[\w.]+( \||$))/, ""))
        .filter((line) => !line.startsWith("[libs]: ") && line !== "");
    expect(heads(stderr)).toEqual(heads(known("replay-stderr.txt")));
  });

  for (const [action, code, times, onStdout] of [
    ["ignore", 0, 9, 0],
    ["log", 0, 9, 0],
    ["alert", 0, 9, 9],
    ["exit", 1, 1, 0],
  ] as const) {
    test(`for lost events that are simulated, with the action ${action}`, () => {
      const drops = `{actions: [${action}], rate: 0.03333, max_burst: 10, simulate_drops: true}`;
      const config = file(
        `${action}.yaml`,
        `log_level: debug\nstdout_output: {enabled: true}\nsyscall_event_drops: ${drops}\n`,
      );
      const rules = file("rule.yaml", RULE);
      const outcome = falco(["-c", config, "-r", rules, ...capture("ping_sendto.scap")]);
      expect(outcome.code).toBe(code);
      expect(outcome.stderr).toContain(
        `   - event drop detected: ${times} occurrences\n   - num times actions taken: ${times}\n`,
      );
      expect(outcome.stdout.split("Falco internal: syscall event drop.").length - 1).toBe(onStdout);
    });
  }

  test("for -M on a capture: the seconds are those of the events", () => {
    const every = file(
      "every.yaml",
      RULE.replace("evt.type=open and proc.name=cat", "evt.num > 0").replace("%proc.cmdline", "%evt.reltime"),
    );
    const config = file("all.yaml", "stdout_output: {enabled: true}\n");
    const { stdout } = falco(["-c", config, "-r", every, "-M", "2", ...capture("ping_sendto.scap")]);
    const times = [...stdout.matchAll(/command=([\d.]+)/g)].map(([, seconds]) => Number(seconds) / 1e9);
    expect(times.length).toBeGreaterThan(100);
    expect(Math.max(...times)).toBeLessThan(2);
    expect(Math.max(...times)).toBeGreaterThan(0.9);
  });
});

describe("falco ends with 1 and the reference's words", () => {
  const rules = file("good.yaml", RULE);
  const idle = ["-r", rules, "-o", "engine.kind=nodriver", "-M", "1"];
  const cases: readonly (readonly [what: string, words: readonly string[], says: string])[] = [
    [
      "a configuration that names no rules",
      ["-c", file("empty.yaml", "\n")],
      "You must specify at least one rules file",
    ],
    [
      "a configuration file that is not there",
      ["-c", "/nonexistent.yaml"],
      "Could not find configuration file at /nonexistent.yaml",
    ],
    ["a rules file that is not there", ["-r", "/nonexistent.yaml"], "/nonexistent.yaml"],
    [
      "rules files of the configuration that are not there",
      ["-o", "rules_files=/nonexistent.yaml", "-o", "engine.kind=nodriver", "-M", "1"],
      "You must specify at least one rules file",
    ],
    [
      "a value that its key does not take",
      ["-c", file("wrong.yaml", "rule_matching: none\n"), "-r", rules],
      "Unknown rule matching strategy",
    ],
    [
      "a threshold out of range",
      ["-o", "syscall_event_drops.threshold=-1", ...idle],
      "syscall event drops threshold must be a double in the range",
    ],
    [
      "an unknown event source",
      ["--enable-source", "x", ...idle],
      "Attempted enabling an unknown event source: x",
    ],
    [
      "both ways to choose event sources",
      ["--enable-source", "syscall", "--disable-source", "syscall", ...idle],
      "You can not mix --enable-source and --disable-source",
    ],
    [
      "no event source left",
      ["--disable-source", "syscall", ...idle],
      "Must enable at least one event source",
    ],
    ["an -o without a value", ["-o", "priority", ...idle], 'Error parsing config option "priority"'],
    ["a rule that does not exist", ["-l", "nope", "-r", rules], "nope"],
    [
      "invalid rules",
      ["-r", file("bad.yaml", RULE.replace("proc.name", "proc.nobody")), "-o", "engine.kind=nodriver"],
      "proc.nobody",
    ],
    [
      "a pid file that cannot be written",
      ["-P", "/nonexistent/pid", ...idle],
      "Could not write pid to pidfile /nonexistent/pid",
    ],
  ];
  for (const [what, words, says] of cases) {
    test(`for ${what}`, () => {
      const { code, stderr } = falco(words);
      expect({ code, says: stderr }).toEqual({ code: 1, says: expect.stringContaining(says) });
      expect(stderr).not.toContain("    at ");
    });
  }
});
