import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pushFalcoArtifact } from "../../tests/harness/falco-artifact.ts";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tarGz } from "../../tests/harness/tar-archive.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { Catalog } from "../index/catalog.ts";
import type { CosignPolicy } from "../index/index-entry.ts";
import { type InstallOptions, installArtifacts } from "./install-artifacts.ts";
import { removeArtifacts } from "./remove-artifacts.ts";
import { listInstalled } from "./state.ts";

describe("installArtifacts, artifacts laid out by hand", () => {
  const dir = tempDir();
  let registry: HostileRegistry;
  let counter = 0;
  beforeAll(async () => {
    registry = await startHostileRegistry();
  });
  afterEach(() => {
    registry.misbehave = () => false;
  });
  afterAll(() => registry.stop());

  const catalog = (signature?: CosignPolicy) => {
    const entry = (name: string, type: "plugin" | "rulesfile" | "asset") => ({
      name,
      type,
      registry: registry.host,
      repository: `a/${name}`,
      description: "",
      home: "",
      keywords: [],
      license: "",
      maintainers: [],
      sources: [],
      ...(signature && { signature }),
    });
    const entries = [entry("rules", "rulesfile"), entry("plugin", "plugin"), entry("lists", "asset")];
    return new Catalog([{ name: "test", entries }]);
  };
  const setUp = (more: Partial<InstallOptions> = {}) => {
    const base = join(dir, String(counter++));
    const at = (name: string) => join(base, name);
    for (const name of ["rules", "plugins", "assets", "state"]) mkdirSync(at(name), { recursive: true });
    const lines: string[] = [];
    const options: InstallOptions = {
      catalog: catalog(),
      registry: { plainHttp: true, attempts: 2, baseDelayMs: 1 },
      directories: { rulesfile: at("rules"), plugin: at("plugins"), asset: at("assets") },
      stateDir: at("state"),
      platform: { os: "linux", architecture: "arm64" },
      resolveDeps: true,
      allowedTypes: [],
      noVerify: false,
      log: (level, message) => void lines.push(`${level} ${message}`),
      ...more,
    };
    const files = () =>
      readdirSync(base, { recursive: true })
        .map(String)
        .filter((name) => !name.startsWith("state") && statSync(at(name)).isFile())
        .sort();
    return { at, files, lines, options };
  };
  const plugin = (version: string, tag: string) =>
    pushFalcoArtifact(registry, {
      type: "plugin",
      name: "plugin",
      version,
      files: {},
      platforms: {
        "linux/amd64": { "libp.so": `amd64 ${version}` },
        "linux/arm64": { "libp.so": `arm64 ${version}` },
      },
      tags: [tag],
    });
  const rules = (version: string, tag: string, files: Record<string, string>, needs = "0.1.0") =>
    pushFalcoArtifact(registry, {
      type: "rulesfile",
      name: "rules",
      version,
      files,
      dependencies: [{ name: "plugin", version: needs, alternatives: [{ name: "other", version: "1.0.0" }] }],
      tags: [tag],
    });

  test("installs an artifact and its dependency for the platform, and remembers both", async () => {
    const { at, files, options } = setUp();
    const pluginDigest = plugin("0.1.0", "0.1.0");
    const digest = rules("1.0.0", "1", { "r.yaml": "- rule: x\n", "sub/s.yaml": "- rule: y\n" });
    await installArtifacts(["rules:1"], options);
    expect(files()).toEqual(["plugins/libp.so", "rules/r.yaml", "rules/sub/s.yaml"]);
    expect(readFileSync(at("plugins/libp.so"), "utf8")).toBe("arm64 0.1.0");
    expect(listInstalled(at("state"))).toEqual([
      expect.objectContaining({
        ref: `${registry.host}/a/plugin:0.1.0`,
        digest: pluginDigest,
        files: ["libp.so"],
        version: "0.1.0",
      }),
      expect.objectContaining({
        ref: `${registry.host}/a/rules:1`,
        digest,
        name: "rules",
        directory: at("rules"),
        type: "rulesfile",
      }),
    ]);
    await removeArtifacts(["rules", `${registry.host}/a/plugin`], at("state"));
    expect([files(), listInstalled(at("state"))]).toEqual([[], []]);
    await expect(removeArtifacts(["ruels"], at("state"))).rejects.toThrow('Cannot remove "ruels"');
  });

  test("installs by digest, by full reference, and without dependencies when asked", async () => {
    const { files, options } = setUp({ resolveDeps: false });
    const digest = rules("1.0.0", "x", { "d.yaml": "d" });
    await installArtifacts([`rules@${digest}`], options);
    await installArtifacts([`${registry.host}/a/rules@${digest}`], options);
    expect(files()).toEqual(["rules/d.yaml"]);
  });

  test("an upgrade replaces the former version, its files that are gone, and its record", async () => {
    const { at, files, options } = setUp({ resolveDeps: false });
    rules("1.0.0", "1.0.0", { "a.yaml": "a1", "b.yaml": "b1" });
    rules("1.1.0", "1.1.0", { "a.yaml": "a2", "c.yaml": "c1" });
    await installArtifacts(["rules:1.0.0"], options);
    writeFileSync(at("rules/users.yaml"), "mine");
    const [result] = await installArtifacts(["rules:1.1.0"], options);
    expect(files()).toEqual(["rules/a.yaml", "rules/c.yaml", "rules/users.yaml"]);
    expect([...(result?.changed ?? [])].sort()).toEqual(["a.yaml", "b.yaml", "c.yaml"]);
    expect(listInstalled(at("state")).map(({ version }) => version)).toEqual(["1.1.0"]);
    expect((await installArtifacts(["rules:1.1.0"], options))[0]?.changed).toEqual([]);
  });

  test("when one of several fails, none is installed", async () => {
    const { files, options } = setUp();
    plugin("0.1.0", "0.1.0");
    const evil = tarGz([
      { name: "good.yaml", content: "x" },
      { name: "../../evil.yaml", content: "x" },
    ]);
    pushFalcoArtifact(registry, {
      type: "asset",
      name: "lists",
      version: "1.0.0",
      files: {},
      archive: evil,
      tags: ["bad"],
    });
    rules("1.0.0", "1", { "r.yaml": "x" });
    await expect(installArtifacts(["rules:1", "lists:bad"], options)).rejects.toThrow(
      "leads out of the target directory",
    );
    expect(files()).toEqual([]);
    expect(readdirSync(dir).filter((name) => name.includes("evil"))).toEqual([]);
  });

  test.each([
    [
      "wrong bytes",
      "have another digest",
      (bytes: Buffer) => Buffer.concat([bytes.subarray(1), Buffer.from("x")]),
    ],
    ["a size that lies", "more than the", (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ])("%s leave the old version in place", async (_, why, change) => {
    const { at, files, options } = setUp({ resolveDeps: false });
    rules("1.0.0", "1", { "r.yaml": "old" });
    await installArtifacts(["rules:1"], options);
    const content = tarGz([{ name: "r.yaml", content: "new" }]);
    pushFalcoArtifact(registry, {
      type: "rulesfile",
      name: "rules",
      version: "1.1.0",
      files: {},
      archive: content,
      tags: ["1"],
    });
    const digest = registry.blob(content);
    registry.misbehave = ({ path }, response) => {
      if (!path.endsWith(digest)) return false;
      response.writeHead(200).end(change(content));
      return true;
    };
    await expect(installArtifacts(["rules:1"], options)).rejects.toThrow(why);
    expect([readFileSync(at("rules/r.yaml"), "utf8"), files()]).toEqual(["old", ["rules/r.yaml"]]);
    expect(listInstalled(at("state"))[0]?.version).toBe("1.0.0");
  });

  test("checks type and directory before it downloads anything", async () => {
    rules("1.0.0", "1", { "r.yaml": "x" });
    registry.seen.length = 0;
    const { at, options } = setUp({ resolveDeps: false, allowedTypes: ["plugin"] });
    await expect(installArtifacts(["rules:1"], options)).rejects.toThrow(
      "it is a rulesfile, and only plugin is allowed",
    );
    await expect(installArtifacts(["rules:1"], { ...options, allowedTypes: ["rule"] })).rejects.toThrow(
      'type "rule"',
    );
    const nowhere = { ...options.directories, rulesfile: at("nowhere") };
    await expect(
      installArtifacts(["rules:1"], { ...options, allowedTypes: [], directories: nowhere }),
    ).rejects.toThrow("it does not exist");
    // Of the blobs, only the small configuration was read.
    expect(
      new Set(registry.seen.map(({ path }) => path).filter((path) => path.includes("/blobs/"))).size,
    ).toBe(1);
    expect(existsSync(at("state/.falcoctl/downloads"))).toBe(false);
  });

  test("names the dependency that no index lists, and the platform that is not there", async () => {
    const { options } = setUp({ platform: { os: "linux", architecture: "s390x" } });
    const dependencies = [{ name: "unlisted", version: "1.0.0" }];
    pushFalcoArtifact(registry, {
      type: "rulesfile",
      name: "rules",
      version: "1.0.0",
      files: { a: "" },
      dependencies,
      tags: ["dep"],
    });
    await expect(installArtifacts(["rules:dep"], options)).rejects.toThrow(
      'rules needs unlisted 1.0.0, and no index lists "unlisted"',
    );
    plugin("0.1.0", "0.1.0");
    await expect(installArtifacts(["plugin:0.1.0"], options)).rejects.toThrow(
      "it has nothing for linux/s390x",
    );
  });

  test("an unsigned artifact is refused where the index demands a signature, unless told otherwise", async () => {
    rules("1.0.0", "1", { "r.yaml": "x" });
    const { files, lines, options } = setUp({
      resolveDeps: false,
      catalog: catalog({ key: "/nonexistent.pub", ignoreTlog: true }),
    });
    await expect(installArtifacts(["rules:1"], options)).rejects.toMatchObject({
      code: "SIGNATURE",
      message: expect.stringContaining("it has none"),
    });
    await expect(installArtifacts([`${registry.host}/a/rules:1`], options)).rejects.toMatchObject({
      code: "SIGNATURE",
    });
    expect(files()).toEqual([]);
    await installArtifacts(["rules:1"], { ...options, noVerify: true });
    expect(files()).toEqual(["rules/r.yaml"]);
    expect(lines).toContain("warn Signature not checked, as asked with --no-verify");
  });

  test("two installations at once do not get into each other's way", async () => {
    const { at, files, options } = setUp({ resolveDeps: false });
    rules("1.0.0", "1", { "r.yaml": "same" });
    plugin("0.1.0", "0.1.0");
    await Promise.all([
      installArtifacts(["rules:1"], options),
      installArtifacts(["plugin:0.1.0"], options),
      installArtifacts(["rules:1"], options),
    ]);
    expect(files()).toEqual(["plugins/libp.so", "rules/r.yaml"]);
    expect(readdirSync(at("rules"))).toEqual(["r.yaml"]);
  });

  test("a record that falcoctl wrote is listed, and not removed blindly", async () => {
    const { at, options } = setUp();
    const folder = join(at("state"), ".falcoctl", "artifact-state");
    mkdirSync(folder, { recursive: true });
    const ref = `${registry.host}/a/rules:1`;
    const name = new Bun.CryptoHasher("sha256").update(ref).digest("hex");
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ ref, digest: "sha256:1", updatedAt: "2026-01-01T00:00:00Z" }),
    );
    writeFileSync(join(folder, "junk.json"), "{");
    expect(listInstalled(options.stateDir)).toEqual([
      { ref, digest: "sha256:1", updatedAt: "2026-01-01T00:00:00Z" },
    ]);
    await expect(removeArtifacts([ref], at("state"))).rejects.toThrow("falcoctl installed it");
  });
});
