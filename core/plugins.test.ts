import { expect, test } from "bun:test";
import { loadConfig } from "./config/load.ts";
import { configuredPlugin, loadedPlugins } from "./plugins.ts";

const names = (...overrides: string[]): string[] =>
  loadedPlugins(loadConfig({ overrides, searchPaths: [] })).map(({ name }) => name);

test("loadedPlugins gives what is built in, once, whether it is asked for or not", () => {
  expect(names()).toEqual(["container"]);
  expect(names("load_plugins[0]=container")).toEqual(["container"]);
});

test("loadedPlugins refuses a plugin that is to be loaded and is not there", () => {
  const json = ["plugins[1].name=json", "plugins[1].library_path=libjson.so"];
  expect(names(...json)).toEqual(["container"]);
  expect(() => names(...json, "load_plugins[0]=json")).toThrow("Cannot load plugin json from libjson.so");
});

test("configuredPlugin finds by name and by path, and names the nearest for what is neither", () => {
  const { config } = loadConfig({ overrides: [], searchPaths: [] });
  const { library_path } = config.plugins[0]!;
  expect(configuredPlugin(library_path, config).name).toBe("container");
  expect(() => configuredPlugin("contaner", config)).toThrow("the configuration has no such plugin");
});
