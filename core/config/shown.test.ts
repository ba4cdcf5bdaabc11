import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "./load.ts";
import { configDifferences, HIDDEN, shownConfig } from "./shown.ts";

const builtIn = { searchPaths: [] };

describe("shownConfig()", () => {
  test("has every key with its value in effect", () => {
    const shown = shownConfig(loadConfig({ ...builtIn, overrides: ["json_output=true"] })) as Record<
      string,
      unknown
    >;
    expect(shown).toMatchObject({ json_output: true, stdout_output: { enabled: true } });
  });

  test("hides secrets that are set, and shows that those unset are empty", () => {
    const overrides = ["http_output.url=https://user:pass@example.org/", "nats_output.password="];
    const text = JSON.stringify(shownConfig(loadConfig({ ...builtIn, overrides })));
    expect(text).not.toContain("user:pass");
    expect(JSON.parse(text)).toMatchObject({ http_output: { url: HIDDEN }, nats_output: { password: "" } });
  });

  test("hides what a file took from the environment, and nothing beside it", () => {
    const directory = mkdtempSync(join(tmpdir(), "falco-shown-"));
    const path = join(directory, "falco.yaml");
    process.env.FALCO_SHOWN_TEST = "from-outside";
    try {
      writeFileSync(path, "file_output:\n  enabled: true\n  filename: ${FALCO_SHOWN_TEST}\n");
      const shown = shownConfig(loadConfig({ path }));
      expect(JSON.stringify(shown)).not.toContain("from-outside");
      expect(shown).toMatchObject({ file_output: { enabled: true, filename: HIDDEN } });
    } finally {
      delete process.env.FALCO_SHOWN_TEST;
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("configDifferences()", () => {
  test("is empty for the built-in configuration", () => {
    expect(configDifferences(loadConfig(builtIn))).toEqual([]);
  });

  test("names keys as -o takes them, with both values", () => {
    const overrides = ["outputs_queue.capacity=5", "rules_files[]=more.yaml"];
    const differences = configDifferences(loadConfig({ ...builtIn, overrides }));
    expect(differences.map(({ key }) => key).sort()).toEqual(["outputs_queue.capacity", "rules_files"]);
    expect(differences.find(({ key }) => key === "outputs_queue.capacity")).toMatchObject({ value: 5 });
  });
});
