import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE, CONFORMANCE_MISSING } from "../tests/conformance/location.ts";
import { tempDir } from "../tests/harness/temp-dir.ts";

const MAIN = join(import.meta.dir, "main.ts");
const FOLDER = join(CONFORMANCE, "validation");

interface Expected {
  readonly exit: number;
  readonly text: string;
  readonly json: object;
}

/** Every result itself is held against the reference in tests/conformance; here a few go the whole way. */
const NAMES = [
  "CatchallOrder",
  "AppendUnknownSource",
  "PluginsCloudtrailIncompatPluginVersion",
  "RulesListWithPluginJSON",
];

function falco(...words: string[]) {
  const child = Bun.spawnSync([process.execPath, MAIN, ...words], { stdin: "ignore", cwd: FOLDER });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

describe.skipIf(CONFORMANCE_MISSING !== undefined)("falco -V", () => {
  const firstInvalid = CONFORMANCE_MISSING
    ? []
    : readdirSync(FOLDER)
        .filter((file) => file.startsWith("Invalid") && file.endsWith(".yaml"))
        .slice(0, 2);
  for (const name of [...NAMES, ...firstInvalid.map((file) => file.replace(".yaml", ""))]) {
    test(`${name}: text, JSON and exit code are the reference's`, () => {
      const expected: Expected = JSON.parse(readFileSync(join(FOLDER, `${name}.expected.json`), "utf8"));
      const text = falco("-V", `${name}.yaml`);
      expect({ code: text.code, stdout: text.stdout }).toEqual({
        code: expected.exit,
        stdout: expected.text,
      });
      const json = falco("--validate", `${name}.yaml`, "-o", "json_output=true");
      expect(json.code).toBe(expected.exit);
      expect(json.stdout === "" ? {} : JSON.parse(json.stdout)).toEqual(expected.json);
      expect(falco("validate", "--json", `${name}.yaml`)).toEqual(json);
    });
  }

  test("names the plugin that is missing on standard error", () => {
    expect(falco("-V", "RulesListWithPluginJSON.yaml").stderr).toContain("must load one of: json (>= 0.1.0)");
  });
});

test("falco validate says which file it cannot read", () => {
  const child = Bun.spawnSync([process.execPath, MAIN, "validate", "/nowhere.yaml"]);
  expect(child.exitCode).toBe(1);
  expect(child.stderr.toString()).toStartWith("Error: Could not open file /nowhere.yaml for reading: ");
});

test("falco -V reads a file whatever its name, finds the rules files of a directory, and says when there are none", () => {
  const directory = tempDir();
  const rule = "- rule: r\n  desc: d\n  condition: evt.type=open\n  output: x\n  priority: INFO\n";
  writeFileSync(join(directory, "rules.txt"), rule);
  const check = (path: string) => Bun.spawnSync([process.execPath, MAIN, "-V", path]);
  expect(check(join(directory, "rules.txt")).stdout.toString()).toBe(`${directory}/rules.txt: Ok\n`);
  const none = check(directory);
  expect({ code: none.exitCode, stderr: none.stderr.toString() }).toEqual({
    code: 1,
    stderr: `Error: Cannot check ${directory}: the directory has no *.yaml or *.yml [LOAD_ERR_FILE_READ]\n`,
  });
  writeFileSync(join(directory, "b.yaml"), rule.replace("evt.type", "evt.typo"));
  writeFileSync(join(directory, "a.yml"), rule);
  const both = check(directory);
  expect(both.exitCode).toBe(1);
  expect(both.stdout.toString()).toStartWith(`${directory}/a.yml: Ok\n${directory}/b.yaml: Invalid\n`);
  expect(both.stderr.toString()).toBe(`Error: ${both.stdout.toString()}`.trimEnd() + "\n");
});
