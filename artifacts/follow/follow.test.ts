import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pushFalcoArtifact } from "../../tests/harness/falco-artifact.ts";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { Catalog } from "../index/catalog.ts";
import { resolveSettings } from "../settings/resolve.ts";
import { checkRequirements, fetchVersions } from "./engine-versions.ts";
import { check, type FollowOptions, followArtifacts } from "./follow-artifacts.ts";
import { signalReload } from "./reload.ts";
import { scheduleOf } from "./schedule.ts";

const settings = (flags: Record<string, string>, artifact = {}) =>
  resolveSettings({ flags, env: {}, file: { path: "f.yaml", values: { artifact } } });

describe("scheduleOf", () => {
  const noon = Date.parse("2026-01-01T12:00:00Z");
  test("takes an interval, a cron expression, or the flag that excludes the other in the file", () => {
    expect(scheduleOf(settings({ every: "90m" }))(noon) - noon).toBe(5_400_000);
    expect(scheduleOf(settings({}))(noon) - noon).toBe(168 * 3_600_000);
    expect(new Date(scheduleOf(settings({ cron: "30 * * * *" }))(noon)).getUTCMinutes()).toBe(30);
    expect(scheduleOf(settings({ cron: "@every 2h" }))(noon) - noon).toBe(7_200_000);
    expect(scheduleOf(settings({ every: "1h" }, { follow: { cron: "30 * * * *" } }))(noon) - noon).toBe(
      3_600_000,
    );
  });

  test("refuses both flags, bad expressions and intervals below a second", () => {
    expect(() => scheduleOf(settings({ cron: "* * * * *", every: "1h" }))).toThrow("exclude each other");
    expect(() => scheduleOf(settings({ cron: "at noon" }))).toThrow('Cannot use cron expression "at noon"');
    expect(() => scheduleOf(settings({ every: "1ms" }))).toThrow("1s or more");
  });
});

describe("engine versions", () => {
  const config = (name: string, version: string) => ({
    name: "r",
    version: "1.0.0",
    dependencies: [],
    requirements: [{ name, version }],
  });
  const engine = { engine_version_semver: "0.31.2", plugin_api_version: "3.6.0", engine_version: "31" };
  test.each([
    ["engine_version_semver", "0.31.0", undefined],
    ["engine_version_semver", "v0.31.2", undefined],
    ["engine_version_semver", "0.32.0", "the running engine has 0.31.2"],
    ["plugin_api_version", "2.0.0", "the running engine has 3.6.0"],
    ["engine_version", "31", undefined],
    ["engine_version", "32", "the running engine has 31"],
    ["other", "1.0.0", "does not say it has that"],
    ["engine_version_semver", "soon", "cannot be compared"],
  ])("checkRequirements: %s %s is %p", (name, version, why) => {
    const check = () => checkRequirements(config(name, version), engine);
    if (why === undefined) check();
    else expect(check).toThrow(why);
  });

  test("fetchVersions reads an endpoint or a file, waits for an engine that is starting, and gives up in time", async () => {
    const server = await startHostileRegistry();
    const file = join(tempDir(), "versions.json");
    try {
      let asked = 0;
      server.misbehave = (_, response) => {
        if (asked++ === 0) response.writeHead(503).end();
        else
          response.writeHead(200).end(JSON.stringify({ ...engine, default_driver_version: "x", nested: {} }));
        return true;
      };
      expect(await fetchVersions(`${server.url}/versions`, 5000)).toEqual({
        ...engine,
        default_driver_version: "x",
      });
      writeFileSync(file, JSON.stringify(engine));
      expect(await fetchVersions(file, 0)).toEqual(engine);
      writeFileSync(file, "nonsense");
      await expect(fetchVersions(file, 0)).rejects.toThrow("Cannot learn the engine's versions");
    } finally {
      await server.stop();
    }
  });
});

describe("followArtifacts", () => {
  const dir = tempDir();
  let registry: HostileRegistry;
  beforeAll(async () => {
    registry = await startHostileRegistry();
  });
  afterAll(() => registry.stop());
  const publish = (text: string, requires = "0.31.0") =>
    pushFalcoArtifact(registry, {
      type: "rulesfile",
      name: "my-rules",
      version: "1.0.0",
      files: { "my_rules.yaml": text },
      requirements: [{ name: "engine_version_semver", version: requires }],
      tags: ["1"],
    });
  const options = (
    name: string,
    more: Partial<FollowOptions> = {},
  ): FollowOptions & { rules: string; lines: string[] } => {
    const base = join(dir, name);
    for (const sub of ["rules", "state"]) mkdirSync(join(base, sub), { recursive: true });
    const lines: string[] = [];
    const directory = join(base, "rules");
    const log = (level: string, message: string) => void lines.push(`${level} ${message}`);
    return {
      refs: [`${registry.host}/a/my-rules:1`],
      schedule: (now) => now + 10_000,
      startup: "immediate",
      catalog: async () => new Catalog([]),
      install: (catalog) => ({
        catalog,
        registry: { plainHttp: true, attempts: 1 },
        directories: { rulesfile: directory, plugin: directory, asset: directory },
        stateDir: join(base, "state"),
        platform: { os: "linux", architecture: "amd64" },
        resolveDeps: false,
        allowedTypes: [],
        noVerify: false,
        log,
      }),
      versions: async () => ({ engine_version_semver: "0.31.0" }),
      log,
      signal: new AbortController().signal,
      rules: join(directory, "my_rules.yaml"),
      lines,
      ...more,
    };
  };
  const ref = () => `${registry.host}/a/my-rules:1`;

  test("check installs what is new, once, and reloads only when content has changed", async () => {
    let reloads = 0;
    const o = options("once", { reload: async () => void reloads++ });
    publish("- rule: one\n");
    expect([await check(ref(), o), await check(ref(), o)]).toEqual(["installed", "current"]);
    publish("- rule: two\n");
    expect(await check(ref(), o)).toBe("installed");
    expect(readFileSync(o.rules, "utf8")).toBe("- rule: two\n");
    publish("- rule: two\n", "0.30.0");
    expect([await check(ref(), o), reloads]).toEqual(["installed", 2]);
    rmSync(o.rules);
    expect([await check(ref(), o), existsSync(o.rules)]).toEqual(["installed", true]);
  });

  test("what the running engine can't use is not installed, and the old version stays", async () => {
    const o = options("requires");
    publish("- rule: good\n");
    await check(ref(), o);
    publish("- rule: too-new\n", "0.40.0");
    await expect(check(ref(), o)).rejects.toThrow(
      "requires engine_version_semver 0.40.0, and the running engine has 0.31.0",
    );
    expect(readFileSync(o.rules, "utf8")).toBe("- rule: good\n");
  });

  test("logs faults, tries again sooner than scheduled, and stops at the signal", async () => {
    const stop = new AbortController();
    const o = options("loop", { signal: stop.signal, retryMs: 5 });
    publish("- rule: loop\n");
    let faults = 2;
    registry.misbehave = (_, response) => {
      if (faults-- <= 0) return false;
      response.writeHead(500).end();
      return true;
    };
    const done = followArtifacts(o);
    while (!existsSync(o.rules)) await Bun.sleep(5);
    stop.abort();
    await done;
    registry.misbehave = () => false;
    expect(o.lines.filter((line) => line.startsWith("error")).length).toBeGreaterThanOrEqual(1);
    expect(o.lines.filter((line) => line.startsWith("error"))[0]).toContain("status 500");
  });

  test("with startup behavior skip nothing is looked for before the first scheduled time", async () => {
    const stop = new AbortController();
    const o = options("skip", { signal: stop.signal, startup: "skip" });
    registry.seen.length = 0;
    const done = followArtifacts(o);
    await Bun.sleep(30);
    stop.abort();
    await done;
    expect(registry.seen).toEqual([]);
  });

  test("signalReload sends SIGHUP to the process of a file, and names a file without one", async () => {
    const child = Bun.spawn(["sh", "-c", "trap 'exit 42' HUP; echo ready; while :; do sleep 0.05; done"], {
      stdout: "pipe",
    });
    await child.stdout.getReader().read();
    const file = join(dir, "pid");
    writeFileSync(file, `${child.pid}\n`);
    await signalReload(file);
    expect(await child.exited).toBe(42);
    writeFileSync(file, "-1");
    await expect(signalReload(file)).rejects.toThrow("no process id is in it");
  });
});
