import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONFORMANCE, CONFORMANCE_MISSING } from "../tests/conformance/location.ts";

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
  expect(child.stderr.toString()).toStartWith("Error: Cannot read rules file /nowhere.yaml: ");
});
