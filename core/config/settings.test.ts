// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces are falco's own, for the environment
import { expect, test } from "bun:test";
import { Workspace } from "../../tests/harness/programs.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { diffConfig, differencesFromBuiltIn, HIDDEN, settingsOf, showConfig } from "./settings.ts";

async function load(content: string, ...overrides: string[]): Promise<LoadedConfig> {
  await using space = new Workspace();
  await Bun.write(space.file("falco.yaml"), content);
  return loadConfig({ path: space.file("falco.yaml"), overrides });
}

test("showConfig hides secrets, and everything that came out of the environment", async () => {
  process.env.FALCO_TEST_TOKEN = "s3cret";
  const loaded = await load(
    "http_output: {url: 'https://hooks.example/s3cret', headers: {Authorization: Bearer s3cret}}\n" +
      "file_output: {filename: '/var/${FALCO_TEST_TOKEN}'}\nstatic_fields: {a: plain}\n" +
      "plugins: [{name: p, library_path: libp.so, init_config: {token: s3cret}, open_params: s3cret}]\n",
    "nats_output.password=s3cret",
  );
  delete process.env.FALCO_TEST_TOKEN;
  const shown = showConfig(loaded);
  expect(JSON.stringify(shown)).not.toContain("s3cret");
  expect(shown).toMatchObject({
    http_output: { url: HIDDEN, headers: HIDDEN },
    file_output: { filename: HIDDEN },
    nats_output: { password: HIDDEN, token: "" },
    plugins: [{ name: "p", library_path: "libp.so", init_config: HIDDEN, open_params: HIDDEN }],
    static_fields: { a: "plain" },
  });
});

test("settingsOf says where each value comes from", async () => {
  const settings = settingsOf(await load("\njson_output: true\n", "priority=error"));
  const origin = (key: string): string | undefined => settings.find((setting) => setting.key === key)?.origin;
  expect(origin("json_output")).toEndWith("falco.yaml:2");
  expect(origin("priority")).toBe("-o priority");
  expect(origin("log_level")).toBe("default");
});

test("diffConfig lists what changed, what needs a restart, and no secrets", async () => {
  const before = await load("json_output: true\nnats_output: {token: one}\n");
  const after = await load(
    "json_output: false\nnats_output: {token: two}\nengine: {kind: nodriver}\nlog_level: info\n",
  );
  expect(diffConfig(before, after)).toEqual([
    { key: "engine.kind", before: "modern_ebpf", after: "nodriver", restart: true },
    { key: "json_output", before: true, after: false, restart: false },
    { key: "nats_output.token", before: HIDDEN, after: HIDDEN, restart: false },
  ]);
  expect(diffConfig(before, before)).toEqual([]);
});

test("differencesFromBuiltIn is empty for the built-in configuration and names keys as -o takes them", () => {
  const builtIn = { searchPaths: [] };
  expect(differencesFromBuiltIn(loadConfig(builtIn))).toEqual([]);
  const overrides = ["outputs_queue.capacity=5", "rules_files[]=more.yaml", "static_fields.a=b"];
  const differences = differencesFromBuiltIn(loadConfig({ ...builtIn, overrides }));
  expect(differences.map(({ key }) => key).toSorted()).toEqual([
    "outputs_queue.capacity",
    "rules_files",
    "static_fields",
  ]);
  expect(differences.find(({ key }) => key === "outputs_queue.capacity")).toMatchObject({
    before: 0,
    after: 5,
  });
});
