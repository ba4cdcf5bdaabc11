import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FALCO, falco } from "../harness/falco-cli.ts";
import { eventually } from "../harness/programs.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { compilePlugin, NO_COMPILER } from "../harness/test-plugin.ts";

const directory = tempDir();
const skip = NO_COMPILER === undefined ? "" : ` [skipped: ${NO_COMPILER}]`;
const COUNTER = NO_COMPILER === undefined ? compilePlugin("counter", directory) : "";
const WATCHER = NO_COMPILER === undefined ? compilePlugin("watcher", directory) : "";

const RULES = `
- required_plugin_versions: [{name: counter, version: 0.4.0}]
- rule: Three
  desc: The third
  condition: count.number = 3 and count.word[x] startswith x3 and count.odd = true
  output: "%evt.source %evt.pluginname %evt.plugininfo %count.plus[1] %count.multiples"
  priority: ERROR
  source: count
  capture: true
- rule: A system call
  desc: Not for this source
  condition: evt.type = open
  output: never
  priority: ERROR
`;

function configured(file: string, { params = "5", greeting = "hello", extra = "" } = {}): string {
  const rules = join(directory, "rules.yaml");
  writeFileSync(rules, RULES);
  const path = join(directory, file);
  writeFileSync(
    path,
    `engine: {kind: nodriver}
plugins:
  - {name: mine, library_path: ${COUNTER}, init_config: {greeting: ${greeting}}, open_params: "${params}"}
load_plugins: [mine]
rules_files: [${rules}]
json_output: true
stdout_output: {enabled: true}
log_stderr: true
${extra}`,
  );
  return path;
}

const GOING_ON = "Going on without the source count: its plugin does not return";

const alerts = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

describe.skipIf(NO_COMPILER !== undefined)(`falco with a plugin in a shared object${skip}`, () => {
  test("takes events from its source until that ends, and rules of that source see its fields", () => {
    const config = configured("source.yaml");
    const { code, stdout, stderr } = falco(["-c", config, "--disable-source", "syscall"]);
    expect(stderr).toContain(`Loaded plugin 'counter@0.4.2' from file ${COUNTER}`);
    expect(stderr).toContain("Opening 'count' source with plugin 'counter'");
    expect(stderr).toContain('[libs]: counter: {"greeting":"hello"}');
    expect(stderr).toContain("[libs]: end: destroyed");
    expect(code).toBe(0);
    expect(alerts(stdout)).toMatchObject([
      {
        rule: "Three",
        source: "count",
        output: expect.stringContaining("count counter number 3 of count 4 (3,6,9)"),
        output_fields: { "count.plus[1]": 4, "evt.pluginname": "counter" },
      },
    ]);
  });

  test("replays what was recorded from it, with the plugin; without it no rule sees the events", () => {
    const capture = `capture: {enabled: true, path_prefix: ${join(directory, "recorded")}, mode: all_rules}`;
    const live = falco(["-c", configured("record.yaml", { extra: capture }), "--enable-source=count"]);
    expect(live.code).toBe(0);
    const [file] = readdirSync(directory).filter((name) => name.startsWith("recorded"));
    const replay = ["-o", "engine.kind=replay", "-o", `engine.replay.capture_file=${join(directory, file!)}`];
    const again = falco(["-c", configured("replay.yaml"), ...replay]);
    const of = (stdout: string) => alerts(stdout).map(({ output }) => String(output).slice(19));
    expect(of(again.stdout)).toEqual(of(live.stdout));
    const other = join(directory, "other.yaml");
    writeFileSync(other, "- {rule: All, desc: All, condition: evt.num > 0, output: seen, priority: ERROR}");
    const bare = falco(["-r", other, ...replay, "-o", "json_output=true"]);
    expect(bare.code).toBe(0);
    expect(alerts(bare.stdout)).toEqual([]);
  });

  test.each([
    ["while both it and the machine are quiet", { params: "wait" }, "Opening 'count' source", "end: closed"],
    ["although it hangs", { params: "hang" }, "Opening 'count' source", GOING_ON],
    ["although it hangs in its start", { greeting: "hang" }, "Loading rules from:", GOING_ON],
  ])("stops on SIGTERM %s", async (_, plugin, begun, message) => {
    const config = configured("wait.yaml", plugin);
    const child = Bun.spawn([...FALCO, "-c", config], { stdout: "pipe", stderr: "pipe", stdin: "ignore" });
    let log = "";
    const reading = (async () => {
      for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
    })();
    expect(await eventually(() => log.includes(begun), 30_000)).toBe(true);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await reading;
    expect(log).toContain(message);
  });

  test("ends with the plugin's reason when that fails, and names the plugin that can't be loaded", () => {
    const broken = falco(["-c", configured("break.yaml", { params: "break" })]);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("plugin counter failed: told to break");
    // What it gave before counts.
    expect(alerts(broken.stdout)).toHaveLength(1);
    const refused = falco(["-c", configured("fail.yaml", { params: "fail" })]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('plugin counter refuses "fail": told not to open');
    const lost = ["-o", "plugins[0].library_path=/nowhere/lib.so"];
    const missing = falco(["-c", configured("missing.yaml"), ...lost]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("Cannot load plugin mine from /nowhere/lib.so: ");
  });

  test("is listed and described, and rules that require another version of it are refused", () => {
    const config = configured("list.yaml");
    expect(falco(["-c", config, "--list=count", "-N"]).stdout).toContain("count.multiples\n");
    expect(falco(["-c", config, "--list-plugins"]).stdout).toContain(
      "Event Sourcing (ID=999, source='count')",
    );
    expect(falco(["-c", config, "--plugin-info", "mine"]).stdout).toContain(
      "Suggested open params:\n3: Three events\nwait\n",
    );
    writeFileSync(join(directory, "newer.yaml"), RULES.replace("0.4.0", "0.5.0"));
    for (const flag of ["-r", "-V"]) {
      const refused = falco(["-c", config, flag, join(directory, "newer.yaml")]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("Plugin 'counter' version '0.4.2' is not compatible");
    }
  });

  test("matches events that a plugin makes by itself, while another brings a source of its own", async () => {
    const rules = join(directory, "heartbeat.yaml");
    writeFileSync(
      rules,
      `- {rule: Beat, desc: Beats, condition: evt.type = heartbeat and watch.total = 42, output: "%evt.asynctype", priority: ERROR}
- {rule: Last, desc: Ends, condition: count.number = 5, output: "%count.number", priority: ERROR, source: count}
`,
    );
    const both = `  - {name: watcher, library_path: ${WATCHER}}\nload_plugins: [mine, watcher]\n`;
    const config = configured("both.yaml");
    writeFileSync(config, readFileSync(config, "utf8").replace("load_plugins: [mine]\n", both));
    const child = Bun.spawn([...FALCO, "-c", config, "-r", rules], { stdout: "pipe", stderr: "pipe" });
    let text = "";
    let log = "";
    const reading = [
      (async () => {
        for await (const chunk of child.stdout) text += Buffer.from(chunk).toString();
      })(),
      (async () => {
        for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
      })(),
    ];
    const isAll = (): boolean =>
      text.split('"rule":"Beat"').length === 4 &&
      text.includes('"rule":"Last"') &&
      log.includes("Opening 'count'");
    expect(await eventually(isAll, 30_000)).toBe(true);
    child.kill("SIGTERM");
    await Promise.all(reading);
    expect(await child.exited).toBe(0);
    const of = (source: string) => alerts(text).filter((alert) => alert.source === source);
    expect(of("syscall").map(({ output }) => String(output).slice(-9))).toEqual(Array(3).fill("heartbeat"));
    expect(of("count")).toHaveLength(1);
  });

  test("refuses plugins that can't be told apart, and one that no source has a use for", () => {
    const config = configured("twins.yaml");
    const load = (list: string): ReturnType<typeof falco> => {
      writeFileSync(
        config,
        readFileSync(configured("twins.yaml"), "utf8").replace("load_plugins: [mine]\n", list),
      );
      return falco(["-c", config, "--dry-run"]);
    };
    const twin = `  - {name: twin, library_path: ${COUNTER}}\nload_plugins: [mine, twin]\n`;
    expect(load(twin).stderr).toContain(
      'Cannot load plugin twin: another one has the name "counter" already',
    );
    const unused = compilePlugin("watcher", directory, ['SOURCES="[\\"none\\"]"']);
    const alone = `  - {name: alone, library_path: ${unused}}\nload_plugins: [mine, alone]\n`;
    expect(load(alone).stderr).toContain("it is made for event sources that are not there");
  });
});
