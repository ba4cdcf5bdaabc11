import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { FalcoError } from "../../core/errors.ts";
import { tarGz } from "../../tests/harness/tar-archive.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { parseYaml } from "../files/parse-yaml.ts";
import { extractArchive } from "../install/extract.ts";
import { decodeConfig, encodeConfig, parseDependency, parseRequirement } from "./artifact-config.ts";
import { isTarGz, packLayer } from "./pack.ts";
import { rulesNeeds } from "./rules-needs.ts";
import { floatingTags, parseStrictVersion, readVersion } from "./version.ts";

describe("artifact config", () => {
  test("encodeConfig leaves out what is empty and sorts lists by name", () => {
    const text = (config: Parameters<typeof encodeConfig>[0]) =>
      new TextDecoder().decode(encodeConfig(config));
    expect(text({ name: "a", version: "1.0.0", dependencies: [], requirements: [] })).toBe(
      '{"name":"a","version":"1.0.0"}',
    );
    const dependencies = ["z:1.0.0", "b:2.0.0|d:1.0.0|c:0.1"].map(parseDependency);
    expect(
      text({
        name: "a",
        version: "1.0.0",
        dependencies,
        requirements: ["x:1.0.0", "k:3"].map(parseRequirement),
      }),
    ).toBe(
      '{"name":"a","version":"1.0.0","dependencies":[{"name":"b","version":"2.0.0","alternatives":[{"name":"c","version":"0.1"},' +
        '{"name":"d","version":"1.0.0"}]},{"name":"z","version":"1.0.0"}],"requirements":[{"name":"k","version":"3"},{"name":"x","version":"1.0.0"}]}',
    );
  });

  test("decodeConfig reads what it wrote, and any JSON or throws a FalcoError", () => {
    const config = {
      name: "a",
      version: "1",
      dependencies: [parseDependency("b:1|c:2")],
      requirements: [parseRequirement("e:1.0.0")],
    };
    expect(decodeConfig(encodeConfig(config), "x")).toEqual(config);
    const shaped = fc.record({ dependencies: fc.array(fc.jsonValue()), requirements: fc.jsonValue() });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (value) => {
        try {
          decodeConfig(new TextEncoder().encode(JSON.stringify(value)), "x");
        } catch (error) {
          expect(error).toBeInstanceOf(FalcoError);
        }
      }),
    );
    expect(() => decodeConfig(new TextEncoder().encode('{"dependencies":[{"name":"x"}]}'), "r/x:1")).toThrow(
      "Cannot read the configuration of r/x:1: dependencies[0] has no version",
    );
  });

  test.each(["a", "a:", ":1", "a:b", "a:1|", "a:1:2"])("parseDependency refuses %p", (text) => {
    expect(() => parseDependency(text)).toThrow(FalcoError);
  });
});

describe("versions", () => {
  test.each([
    ["1.2.3", "1.2.3"],
    ["v0.5", "0.5.0"],
    ["1", "1.0.0"],
    ["1.2.3-rc.1+build", "1.2.3-rc.1"],
    ["01.02", "1.2.0"],
    ["latest", undefined],
    ["1.2.3.4", undefined],
    ["", undefined],
  ])("readVersion takes %p as %p", (text, version) => {
    expect(readVersion(text)?.version).toBe(version!);
  });

  test("floatingTags of 1.2.3 are itself, 1 and 1.2; short versions can't be published", () => {
    expect(floatingTags("1.2.3")).toEqual(["1.2.3", "1", "1.2"]);
    expect(() => parseStrictVersion("1.2")).toThrow("not of the form MAJOR.MINOR.PATCH");
  });
});

describe("rulesNeeds", () => {
  const needs = (text: string) => rulesNeeds(parseYaml(text, "r.yaml", "X"), "r.yaml");
  test("reads the engine's version and plugins with alternatives", () => {
    const text = `
- required_engine_version: 15
- required_plugin_versions:
    - {name: k8saudit, version: 0.7.0, alternatives: [{name: k8saudit-eks, version: 0.4.0}]}
    - {name: json, version: 0.7.0}
- rule: x
`;
    expect(needs(text)).toEqual({
      dependencies: [parseDependency("k8saudit:0.7.0|k8saudit-eks:0.4.0"), parseDependency("json:0.7.0")],
      requirements: [{ name: "engine_version_semver", version: "0.15.0" }],
    });
    expect(needs("- required_engine_version: 0.31.0\n").requirements[0]?.version).toBe("0.31.0");
    expect(needs("- rule: x\n")).toEqual({ dependencies: [], requirements: [] });
  });

  test("says what is no rules file, and which plugin is incomplete", () => {
    expect(() => needs("a: 1\n")).toThrow("it is not a list");
    expect(() => needs("- required_engine_version: soon\n")).toThrow("not a semantic version");
    expect(() => needs("- required_plugin_versions: [{name: x}]\n")).toThrow("lacks name or version");
  });
});

describe("packLayer", () => {
  const dir = tempDir();
  const work = (name: string) => {
    mkdirSync(join(dir, name), { recursive: true });
    return join(dir, name);
  };

  test("packs a file or directory so that it unpacks to the same, with the same digest each time", async () => {
    const source = work("source");
    mkdirSync(join(source, "sub"));
    writeFileSync(join(source, "a.yaml"), "- a\n");
    writeFileSync(join(source, "sub", "run"), "x".repeat(100_000), { mode: 0o755 });
    writeFileSync(join(source, "empty"), "");
    const first = await packLayer(source, work("one"));
    const second = await packLayer(source, work("two"));
    expect(first).toMatchObject({ title: "source.tar.gz", digest: second.digest, size: second.size });
    expect(await extractArchive(first.file, work("out"))).toEqual(["a.yaml", "empty", "sub/run"]);
    expect((await Bun.file(join(dir, "out", "sub", "run")).text()).length).toBe(100_000);
    const single = await packLayer(join(source, "a.yaml"), work("three"));
    expect(await extractArchive(single.file, work("out2"))).toEqual(["a.yaml"]);
  });

  test("takes a gzip tar as it is, and knows it from other gzip", async () => {
    const archive = join(work("made"), "rules.tar.gz");
    writeFileSync(archive, tarGz([{ name: "r.yaml", content: "x".repeat(200_000) }]));
    expect(await packLayer(archive, work("unused"))).toMatchObject({ file: archive, title: "rules.tar.gz" });
    const other = join(dir, "made", "other.gz");
    writeFileSync(other, Bun.gzipSync(Buffer.from("hello")));
    expect(await isTarGz(other)).toBe(false);
    await expect(packLayer(join(dir, "none"), dir)).rejects.toThrow("Cannot pack");
  });
});
