import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { EMBEDDED_RULES } from "../../core/library/rules.ts";
import { endWithTests } from "../harness/children.ts";
import { FALCO } from "../harness/falco-cli.ts";
import { eventually, Workspace } from "../harness/programs.ts";

/** Starts falco with rules that take their time to load, and waits until it is about to. */
async function loading(space: Workspace) {
  writeFileSync(space.file("rules.yaml"), EMBEDDED_RULES.content);
  writeFileSync(space.file("log"), "");
  const options = ["engine.kind=nodriver", "webserver.enabled=false", "watch_config_files=false"];
  const child = Bun.spawn(
    [...FALCO, "-r", space.file("rules.yaml"), ...options.flatMap((option) => ["-o", option])],
    { stdin: "ignore", stdout: Bun.file(space.file("out")), stderr: Bun.file(space.file("log")) },
  );
  endWithTests(child);
  const log = (): string => readFileSync(space.file("log"), "utf8");
  const loads = (): number => log().split("rules.yaml | schema validation: ok").length - 1;
  while (!log().includes("Loading rules from:") && child.exitCode === null) await Bun.sleep(1);
  // Otherwise the signal is not the one that this is about.
  expect(loads()).toBe(0);
  return { child, log, loads };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s while rules are loaded ends falco in order",
  async (signal) => {
    await using space = new Workspace();
    const { child, log } = await loading(space);
    child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(log()).toContain(`${signal} received, exiting...`);
    expect(log()).not.toContain("Starting health webserver");
  },
  90_000,
);

test("SIGHUP while rules are loaded waits until falco runs, and reloads them then", async () => {
  await using space = new Workspace();
  const { child, log, loads } = await loading(space);
  child.kill("SIGHUP");
  expect(await eventually(() => loads() === 2, 60_000)).toBe(true);
  const said = log();
  expect(said.indexOf("SIGHUP received")).toBeLessThan(said.indexOf("rules.yaml | schema validation: ok"));
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
}, 90_000);
