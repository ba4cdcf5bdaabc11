import { expect, test } from "bun:test";
import { loadConfig } from "./config/load.ts";
import { diffConfig } from "./config/settings.ts";
import { FalcoError } from "./errors.ts";
import type { Log } from "./log.ts";
import { invalidRules, reloadFailure, tellRestartKeys } from "./reload.ts";

const config = (...overrides: string[]) => loadConfig({ overrides, searchPaths: [] });

function toldOf(...overrides: string[]): string[] {
  const lines: string[] = [];
  const log: Pick<Log, "log"> = { log: (level, text) => void lines.push(`${level}: ${text}`) };
  tellRestartKeys(log, diffConfig(config(), config(...overrides)));
  return lines;
}

test("tellRestartKeys names what waits for the next start, below a section that does too, and nothing else", () => {
  expect(toldOf("json_output=false", "capture.enabled=true", "engine.kind=nodriver")).toEqual([
    "warning: Changed, but in effect at the next start only: engine.kind, capture.enabled",
  ]);
  expect(toldOf("priority=error", "webserver.enabled=false")).toEqual([]);
});

test("reloadFailure is the alert that the reference gives when a restart would fail", () => {
  expect(
    reloadFailure(
      new FalcoError("X", "no such file", { place: { file: "x.yaml", line: 3, column: 5 } }),
      "h",
    ),
  ).toMatchObject({
    rule: "Falco internal: hot restart failure",
    priority: "Critical",
    message: "Falco internal: hot restart failure: no such file (x.yaml:3:5)",
    source: "internal",
  });
});

test("invalidRules gives the first failure with its place", () => {
  const place = { file: "x.yaml", line: 3, column: 5 };
  const failure = { code: "LOAD_ERR_VALIDATE", message: "no such field", options: { place } };
  const error = invalidRules({
    ok: false,
    files: [{ name: "x.yaml", successful: false, schema: "ok", text: "", failure }],
    rules: [],
    enabled: 0,
  });
  expect(error).toMatchObject({ message: "no such field", place });
});
