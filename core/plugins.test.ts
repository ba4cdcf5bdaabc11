import { expect, test } from "bun:test";
import { chosenRules } from "./chosen-rules.ts";
import { loadConfig } from "./config/load.ts";
import { EMBEDDED_AUDIT_RULES, EMBEDDED_RULES } from "./library/rules.ts";
import { configuredPlugin, loadedPlugins } from "./plugins.ts";

const names = (...overrides: string[]): string[] =>
  loadedPlugins(loadConfig({ overrides, searchPaths: [] })).map(({ name }) => name);

test("loadedPlugins gives what is built in, once, whether it is asked for or not", () => {
  expect(names()).toEqual(["container"]);
  expect(names("load_plugins[0]=container")).toEqual(["container"]);
});

test("loadedPlugins takes those that load_plugins names, and refuses what plugins does not have", () => {
  const mine = ["plugins[1].name=mine", "plugins[1].library_path=libmine.so"];
  expect(names(...mine)).toEqual(["container"]);
  expect(names(...mine, "load_plugins[0]=mine")).toEqual(["container", "mine"]);
  expect(() => names(...mine, "load_plugins[0]=mina")).toThrow("the configuration has no such plugin");
});

test("loadedPlugins looks for a relative library_path in the plugins directory, and gives a map as JSON", () => {
  const mine = [
    "plugins[1].name=mine",
    "plugins[1].library_path=libmine.so",
    "plugins[1].init_config.a=1",
    "plugins[1].open_params=x",
    "load_plugins[0]=mine",
  ];
  expect(loadedPlugins(loadConfig({ overrides: mine, searchPaths: [] }))[1]).toEqual({
    name: "mine",
    library: "/usr/share/falco/plugins/libmine.so",
    config: '{"a":"1"}',
    openParams: "x",
  });
});

test("a plugin of this program runs where its shared object is not there, and makes its rules known", () => {
  const load = (library: string) => {
    const audit = [
      "plugins[1].name=k8saudit",
      `plugins[1].library_path=${library}`,
      "load_plugins[0]=k8saudit",
    ];
    return loadConfig({ overrides: audit, searchPaths: [] });
  };
  for (const library of ["libk8saudit.so", "/nowhere/libk8saudit.so", "/tmp"])
    expect(loadedPlugins(load(library))[1]).toEqual({ name: "k8saudit", config: "", openParams: "" });
  expect(loadedPlugins(load(import.meta.path))[1]?.library).toBe(import.meta.path);
  expect(chosenRules([], load("libk8saudit.so"))).toEqual([EMBEDDED_RULES, EMBEDDED_AUDIT_RULES]);
  expect(chosenRules([], loadConfig({ overrides: [], searchPaths: [] }))).toEqual([EMBEDDED_RULES]);
});

test("configuredPlugin finds by name and by path, and names the nearest for what is neither", () => {
  const { config } = loadConfig({ overrides: [], searchPaths: [] });
  const { library_path } = config.plugins[0]!;
  expect(configuredPlugin(library_path, config).setting.name).toBe("container");
  expect(() => configuredPlugin("contaner", config)).toThrow("the configuration has no such plugin");
});
