import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { Workspace } from "../../tests/harness/programs.ts";
import { FalcoError } from "../errors.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { sampleConfig } from "./sample.ts";

/** Loads a configuration of the given files; the first one is the main file. */
async function load(files: Record<string, string>, ...overrides: string[]): Promise<LoadedConfig> {
  await using space = new Workspace();
  for (const [name, content] of Object.entries(files)) {
    await Bun.write(space.file(name), content.replaceAll("DIR", space.path));
  }
  return loadConfig({
    path: space.file(Object.keys(files)[0]!),
    overrides: overrides.map((option) => option.replaceAll("DIR", space.path)),
  });
}
const loadOne = (content: string, ...overrides: string[]): Promise<LoadedConfig> =>
  load({ "falco.yaml": content }, ...overrides);

/** The error that loading ends with. */
async function failure(loading: Promise<unknown>): Promise<FalcoError> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof FalcoError) return error;
    throw error;
  }
  throw new Error("expected a FalcoError");
}

test("loadConfig without a file takes the built-in configuration, which is the sample's", async () => {
  const builtIn = loadConfig({ searchPaths: ["/nonexistent/falco.yaml"] });
  expect(builtIn.files).toEqual([]);
  expect(builtIn.warnings).toEqual([]);
  expect(builtIn.config.stdout_output.enabled).toBe(true);
  expect(builtIn.config.webserver.enabled).toBe(true);
  const fromSample = await loadOne(sampleConfig(), "config_files=");
  expect(fromSample.files.map(({ status, findings }) => [status, findings])).toEqual([["ok", []]]);
  expect(fromSample.warnings).toEqual([]);
  expect({ ...fromSample.config, config_files: [] }).toEqual({ ...builtIn.config, config_files: [] });
});

test("loadConfig takes what a file leaves out as it always was, not as the sample says", async () => {
  const { config } = await loadOne("stdout_output: {enabled: true}\n");
  expect(config.stdout_output.enabled).toBe(true);
  expect([config.syslog_output.enabled, config.webserver.enabled, config.log_stderr]).toEqual([
    false,
    false,
    false,
  ]);
  expect([config.rules_files, config.append_output, config.plugins]).toEqual([[], [], []]);
  expect((await loadOne("")).config.json_include_tags_property).toBe(true);
});

test("loadConfig reports unknown keys and wrong types as a schema validator would, and with their place", async () => {
  const { files, config } = await loadOne(
    "falco_libss:\n  a: 1\njson_output: maybe\nfalco_libs:\n  thread_table_sizeee: 5\n",
  );
  expect(files[0]?.status).toBe(
    "failed for <root>[\"falco_libs\"]: Object contains a property that could not be validated using 'properties' or 'additionalProperties' constraints: 'thread_table_sizeee'.",
  );
  const told = files[0]?.findings.map(
    ({ message, hint, place }) => `${place.line}:${place.column} ${message} (${hint})`,
  );
  expect(told).toEqual([
    '5:3 Unknown key "falco_libs.thread_table_sizeee": it is ignored (did you mean "thread_table_size"?)',
    '3:14 Invalid "json_output": expected true or false, found "maybe"; using false (undefined)',
    '1:1 Unknown key "falco_libss": it is ignored (did you mean "falco_libs"?)',
  ]);
  expect(config.json_output).toBe(false);
});

test.each([
  ["rule_matching: wrong", 'Unknown rule matching strategy "wrong"--must be one of first, all', 1],
  ["priority: loud", 'Unknown priority "loud"', 1],
  ["log_level: chatty", 'Unknown log level "chatty"', 1],
  ["engine: {kind: kernel}", 'Unknown engine kind "kernel"--must be one of kmod, modern_ebpf', 1],
  ["engine: {kind: gvisor}", 'The engine kind "gvisor" is not supported: gVisor', 1],
  ["engine: {kind: ebpf}", 'The engine kind "ebpf" is not supported: no eBPF object', 1],
  ["a: 1\nfalco_libs: 512", 'Invalid "falco_libs": expected a map, found a single value', 2],
  ["a: [1\nb: 2", "Cannot read configuration", 2],
  ["- a\n- b", "expected keys and values, found a list", 1],
])("loadConfig refuses %j at its place", async (content, message, line) => {
  const error = await failure(loadOne(content));
  expect(error.message).toContain(message);
  expect(error.place?.line).toBe(line);
});

test.each([
  ["engine: {kind: replay}", "engine.kind is 'replay' but no engine.replay.capture_file specified"],
  ["file_output: {enabled: true}", "file output enabled but no filename in configuration block"],
  [
    "program_output: {enabled: true, program: ''}",
    "program output enabled but no program in configuration block",
  ],
  ["http_output: {enabled: true}", "http output enabled but no url in configuration block"],
  [
    "webserver: {listen_address: 327.0.0.1}",
    'webserver listen address "327.0.0.1" is not a valid IP address',
  ],
  [
    "syscall_event_drops: {actions: [ignore, log]}",
    'syscall event drop action "log" does not make sense with the "ignore" action',
  ],
  ["syscall_event_drops: {actions: [shout]}", "available actions for syscall event drops are"],
  [
    "syscall_event_drops: {threshold: 1.1}",
    "syscall event drops threshold must be a double in the range [0, 1]",
  ],
  [
    "syscall_event_drops: {threshold: -1}",
    "syscall event drops threshold must be a double in the range [0, 1]",
  ],
  ["syscall_event_timeouts: {max_consecutives: 0}", "the maximum consecutive timeouts without an event"],
  ["metrics: {enabled: true, output_rule: true, interval: '3000'}", "without Prometheus time unit"],
  ["metrics: {enabled: true, output_rule: true, interval: 10ms}", "minimum value of 100ms"],
  ["metrics: {enabled: true}", "Metrics are enabled with no output configured"],
  ["rules: [{enable: {}}]", "a rule selection needs"],
  ["append_output: [{extra_fields: [a.b, a.b: x]}]", 'the field "a.b" is added twice'],
  ["plugins: [{name: evil, library_path: ./../../tmp/evil.so}]", "resolves outside the plugins directory"],
  ["plugins: [{name: evil}]", 'a plugin needs a "library_path"'],
  ["rules_file: a\nrules_files: [b]", "both 'rules_files' and 'rules_file' keys set"],
])("loadConfig refuses %j", async (content, message) => {
  const error = await failure(loadOne(content));
  expect(error.message).toContain("Error reading config file");
  expect(error.message).toContain(message);
});

test("loadConfig takes the engine kind auto for the eBPF probe", async () => {
  const { config, files } = await loadOne("engine: {kind: auto}");
  expect(config.engine.kind).toBe("modern_ebpf");
  expect(files[0]?.findings).toEqual([]);
});

test("loadConfig takes addresses, plugin paths and actions that are right", async () => {
  for (const address of ["127.0.0.1", "::", "1200::AB00:1234:0000:2552:7777:1313", "0.0.0.0"]) {
    expect((await loadOne("", `webserver.listen_address=${address}`)).config.webserver.listen_address).toBe(
      address,
    );
  }
  const { config } = await loadOne(
    "plugins: [{name: a, library_path: sub/../liba.so}]\nsyscall_event_drops: {actions: [ignore, exit]}",
  );
  expect(config.plugins[0]?.library_path).toBe("sub/../liba.so");
});

test("loadConfig merges config_files by their strategies, in order, directories by name", async () => {
  const main = (include: string): string =>
    `config_files:\n${include}rules_files: [a.yaml]\njson_output: false\nfile_output: {filename: x, keep_alive: true}\n`;
  const second = "rules_files: [b.yaml]\njson_output: true\nfile_output: {filename: y}\n";
  const merged = async (strategy: string) => {
    const files = {
      "main.yaml": main(`  - path: DIR/second.yaml\n    strategy: ${strategy}\n`),
      "second.yaml": second,
    };
    const { config } = await load(files);
    return [
      config.rules_files,
      config.json_output,
      config.file_output.filename,
      config.file_output.keep_alive,
    ];
  };
  expect(await merged("append")).toEqual([["a.yaml", "b.yaml"], true, "y", false]);
  expect(await merged("override")).toEqual([["b.yaml"], true, "y", false]);
  expect(await merged("add-only")).toEqual([["a.yaml"], false, "x", true]);

  await using space = new Workspace();
  mkdirSync(space.file("d/sub"), { recursive: true });
  await Bun.write(space.file("d/2.yaml"), "priority: error\n");
  await Bun.write(space.file("d/1.yaml"), "priority: alert\nlog_level: debug\n");
  await Bun.write(space.file("d/sub/3.yaml"), "priority: critical\n");
  await Bun.write(
    space.file("main.yaml"),
    `config_files: [${space.file("d")}, ${space.file("missing.yaml")}]\n`,
  );
  const loaded = loadConfig({ path: space.file("main.yaml") });
  expect([loaded.config.priority, loaded.config.log_level]).toEqual(["error", "debug"]);
  expect(loaded.files.map(({ path }) => path.slice(space.path.length))).toEqual([
    "/main.yaml",
    "/d/1.yaml",
    "/d/2.yaml",
  ]);
  expect(loaded.directories).toEqual([space.file("d")]);
});

test("loadConfig takes a wrong strategy as append and says so", async () => {
  const { config, files } = await load({
    "main.yaml": "config_files:\n  - path: DIR/b.yaml\n    strategy: wrong\nrules_files: [a]\n",
    "b.yaml": "rules_files: [b]\n",
  });
  expect(config.rules_files).toEqual(["a", "b"]);
  expect(files[0]?.status).toStartWith("failed for <root>");
});

test("loadConfig refuses to include the main file, or from an included file", async () => {
  expect((await failure(loadOne("config_files: DIR/falco.yaml\n"))).message).toContain(
    "recursively include main config file",
  );
  const nested = load({
    "main.yaml": "config_files: [DIR/b.yaml]\n",
    "b.yaml": "\nconfig_files: [c.yaml]\n",
  });
  const error = await failure(nested);
  expect(error.message).toContain("'config_files' directive in included config file");
  expect(error.place?.line).toBe(2);
});

test("loadConfig applies -o last, config_files among them first", async () => {
  const { config, files } = await load(
    { "main.yaml": "json_output: false\n", "b.yaml": "priority: error\nlog_level: debug\n" },
    "priority=WARNING",
    "config_files=DIR/b.yaml",
    "json_output=true",
    "load_plugins[0]=container",
    "rules[].disable.rule=X*",
    "rules[].enable.tag=network",
    'append_output[]={"match": {"source": "k8s_audit"}, "extra_fields": ["ka.verb", {"static_field": "static content"}]}',
    "static_fields.a\\.b=c",
    "plugins[0].name=container",
    "plugins[0].library_path=libcontainer.so",
  );
  expect(files.length).toBe(2);
  expect([config.priority, config.log_level, config.json_output]).toEqual(["warning", "debug", true]);
  expect(config.rules).toEqual([
    { enable: { rule: "", tag: "" }, disable: { rule: "X*", tag: "" } },
    { enable: { rule: "", tag: "network" }, disable: { rule: "", tag: "" } },
  ]);
  expect(config.append_output[0]?.extra_fields).toEqual(["ka.verb", { static_field: "static content" }]);
  expect(config.static_fields).toEqual({ "a.b": "c" });
  expect(config.load_plugins).toEqual(["container"]);
});

test("loadConfig warns of -o that names no key or holds a wrong value", async () => {
  const { warnings } = await loadOne("", "json_outptu=true", "output_timeout=soon");
  expect(warnings).toEqual([
    '-o output_timeout: Invalid "output_timeout": expected an integer, found "soon"; using 2000',
    '-o json_outptu: Unknown key "json_outptu": it is ignored (did you mean "json_output"?)',
  ]);
});

test("loadConfig warns of settings without effect and of old keys, by name and with the reason", async () => {
  const { warnings, config } = await loadOne(
    "rules_file: a.yaml\nengine: {kind: kmod, kmod: {buf_size_preset: 7}}\nwebserver: {threadiness: 0}\n",
  );
  expect(config.rules_files).toEqual(["a.yaml"]);
  expect(warnings[0]).toContain("Using deprecated config key 'rules_file'");
  expect(warnings[1]).toStartWith(
    '"engine.kmod.buf_size_preset" has no effect: there is no kernel module here',
  );
  expect(warnings.length).toBe(2);
});

test("loadConfig takes a map where a list belongs as an empty list and says so", async () => {
  const { config, files } = await loadOne("a: 1\nappend_output: {suggested_output: false}");
  expect(config.append_output).toEqual([]);
  expect(files[0]?.findings.map(({ message, place }) => `${place.line} ${message}`)).toContain(
    '2 Invalid "append_output": expected a list, found a map; taking it as an empty list',
  );
});

test("loadConfig keeps the first of two equal keys and says so", async () => {
  const { config, files } = await loadOne("priority: error\npriority: alert\n");
  expect(config.priority).toBe("error");
  expect(files[0]?.findings[0]).toMatchObject({
    message: 'Duplicate key "priority": only the first one counts',
    place: { line: 2 },
  });
});

test("loadConfig stops files that grow without end", async () => {
  const bomb = `a: &a [x, x]\n${"bcdefghijklmnopqrst"
    .split("")
    .map((name, i, all) => `${name}: &${name} [*${i ? all[i - 1] : "a"}, *${i ? all[i - 1] : "a"}]`)
    .join("\n")}`;
  expect((await failure(loadOne(bomb))).message).toContain("more than 200000 values");
  expect((await failure(loadOne(`a: ${"[".repeat(100)}${"]".repeat(100)}`))).message).toContain(
    "nested deeper than 64",
  );
});

test("loadConfig names a file that cannot be read", async () => {
  expect(() => loadConfig({ path: "/nonexistent/falco.yaml" })).toThrow(
    "Could not find configuration file at /nonexistent/falco.yaml",
  );
});
