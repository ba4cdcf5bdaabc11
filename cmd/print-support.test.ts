import { expect, test } from "bun:test";
import { join } from "node:path";

test("falco --support is JSON with versions, configuration, rules and machine, and without secrets", () => {
  const secret = "https://user:hunter2@example.org";
  const words = ["--support", "-o", `http_output.url=${secret}`, "-o", "json_output=true"];
  const child = Bun.spawnSync([process.execPath, join(import.meta.dir, "main.ts"), ...words]);
  expect(child.exitCode).toBe(0);
  const text = child.stdout.toString();
  expect(text).not.toContain("hunter2");
  const support = JSON.parse(text);
  expect(support.cmdline).toBe("falco --support -o http_output.url=... -o json_output=...");
  expect(support.config).toContain("json_output: true");
  expect(support.engine_info.engine_version_semver).toMatch(/^\d+\.\d+\.\d+$/);
  expect(support.rules_files[0].variants[0].content).toContain("- rule:");
  expect(Object.keys(support.system_info)).toEqual(["machine", "nodename", "release", "sysname", "version"]);
});
