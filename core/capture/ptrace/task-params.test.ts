import { expect, test } from "bun:test";
import { executablePath } from "./task-params.ts";

test.each([
  ["/usr/bin/true", false, "/usr/bin/true"],
  ["/tmp/gone (deleted)", false, "/tmp/gone"],
  ["/memfd:evil (deleted)", true, "memfd:evil"],
])("executablePath of %j is what the probe tells", (exePath, exeFromMemfd, path) => {
  expect(executablePath({ exePath, exeFromMemfd })).toBe(path);
});
