import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { readConfigFile, updateConfigFile } from "./config-file.ts";
import { parseDuration } from "./duration.ts";
import { resolveSettings } from "./resolve.ts";

const file = (values: unknown) => ({ path: "falcoctl.yaml", values });
const none = { flags: {}, env: {}, file: file({}) };

describe("resolveSettings", () => {
  test("takes flag before environment before file before default, for every kind", () => {
    const env = {
      FALCOCTL_ARTIFACT_FOLLOW_EVERY: "2h",
      FALCOCTL_ARTIFACT_INSTALL_RULESFILESDIR: "/env",
      FALCOCTL_ARTIFACT_NOVERIFY: "true",
      FALCOCTL_ARTIFACT_INSTALL_REFS: "a;b:1",
      FALCOCTL_ARTIFACT_ALLOWEDTYPES: "plugin",
    };
    const values = {
      artifact: {
        allowedtypes: ["rulesfile", "asset"],
        noverify: false,
        install: { refs: ["c"], rulesfilesdir: "/file" },
        follow: { every: "6h0m0s" },
      },
    };
    const flags = { every: "1h", "rulesfiles-dir": "/flag", "no-verify": "false", "allowed-types": "asset" };
    const pick = (sources: typeof none | object) => {
      const s = resolveSettings({ ...none, ...sources });
      return [s.followEvery / 3_600_000, s.installRulesfilesDir, s.noVerify, s.installRefs, s.allowedTypes];
    };
    expect(pick({})).toEqual([168, "/etc/falco", false, [], []]);
    expect(pick({ file: file(values) })).toEqual([6, "/file", false, ["c"], ["rulesfile", "asset"]]);
    expect(pick({ file: file(values), env })).toEqual([2, "/env", true, ["a", "b:1"], ["plugin"]]);
    expect(pick({ file: file(values), env, flags })).toEqual([1, "/flag", false, ["a", "b:1"], ["asset"]]);
  });

  test("the assets directory of install comes from install's own key", () => {
    const values = { artifact: { install: { assetsDir: "/i" }, follow: { assetsDir: "/f" } } };
    const settings = resolveSettings({ ...none, file: file(values) });
    expect([settings.installAssetsDir, settings.followAssetsDir]).toEqual(["/i", "/f"]);
  });

  test("reads lists of records from file and environment", () => {
    const values = {
      registry: {
        auth: { oauth: [{ registry: "r", clientid: "0001", clientsecret: "s", tokenurl: "http://t" }] },
      },
    };
    const env = {
      FALCOCTL_REGISTRY_AUTH_BASIC: "r:5000,u,p;q,v,w",
      FALCOCTL_INDEXES: "mine,https://x/index.yaml",
    };
    const settings = resolveSettings({ ...none, env, file: file(values) });
    expect(settings.oauthAuths).toEqual([
      { registry: "r", clientId: "0001", clientSecret: "s", tokenUrl: "http://t" },
    ]);
    expect(settings.basicAuths).toEqual([
      { registry: "r:5000", user: "u", password: "p" },
      { registry: "q", user: "v", password: "w" },
    ]);
    expect(settings.indexes).toEqual([{ name: "mine", url: "https://x/index.yaml" }]);
    expect(resolveSettings(none).indexes).toBeUndefined();
  });

  test("names the source of a wrong value, and never a password", () => {
    const wrong = (env: Record<string, string>) => () => resolveSettings({ ...none, env });
    expect(wrong({ FALCOCTL_ARTIFACT_FOLLOW_EVERY: "soon" })).toThrow(
      'FALCOCTL_ARTIFACT_FOLLOW_EVERY: "soon" is not a duration',
    );
    expect(wrong({ FALCOCTL_ARTIFACT_NOVERIFY: "perhaps" })).toThrow("neither true nor false");
    expect(wrong({ FALCOCTL_REGISTRY_AUTH_BASIC: "r,hunter2" })).toThrow(
      /^(?!.*hunter2).*registry,user,password/,
    );
    const values = { indexes: [{ name: "x" }] };
    expect(() => resolveSettings({ ...none, file: file(values) })).toThrow(
      'indexes in falcoctl.yaml: an item has no "url"',
    );
  });
});

describe("config file", () => {
  const dir = tempDir();
  test("updateConfigFile keeps what else stands in the file, comments too", async () => {
    const path = join(dir, "falcoctl.yaml");
    await Bun.write(path, "# ours\ndriver:\n  type: [modern_ebpf] # keep\n");
    await updateConfigFile(path, ["registry", "auth", "gcp"], [{ registry: "x" }]);
    const text = await Bun.file(path).text();
    expect(text).toContain("# ours");
    expect(text).toContain("# keep");
    expect(resolveSettings({ ...none, file: await readConfigFile(path) }).gcpAuths).toEqual([
      { registry: "x" },
    ]);
  });

  test("readConfigFile points at the line of bad YAML and takes a missing file as empty", async () => {
    const path = join(dir, "bad.yaml");
    await Bun.write(path, "artifact:\n  follow: [\n");
    await expect(readConfigFile(path)).rejects.toMatchObject({
      code: "CONFIG",
      place: { file: path, line: 3 },
    });
    expect((await readConfigFile(join(dir, "none.yaml"))).values).toEqual({});
  });
});

test.each([
  ["6h0m0s", 21_600_000],
  ["1.5h", 5_400_000],
  ["300ms", 300],
  ["0", 0],
  ["90", undefined],
  ["h", undefined],
])("parseDuration(%p) is %p milliseconds", (text, ms) => {
  expect(parseDuration(text)).toBe(ms!);
});
