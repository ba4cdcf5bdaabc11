import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { BUILT_IN } from "./capture/plugin/built-in.ts";
import { ALWAYS_LOADED, concernsSource, findPlugin, pluginSources } from "./capture/plugin/find.ts";
import type { Plugin, PluginInfo, PluginSetting } from "./capture/plugin/plugin.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { FalcoError } from "./errors.ts";
import { nearest } from "./nearest.ts";

type ConfiguredPlugin = Config["plugins"][number];

/** Where a `library_path` that is not absolute lies. */
const PLUGINS_DIRECTORY = "/usr/share/falco/plugins";

/**
 * The plugins that run: those of this program that always do, and what `load_plugins` names or, without that key,
 * `plugins` lists. Throws a FalcoError for a name that `plugins` does not have.
 */
export function loadedPlugins({ config, tree }: Pick<LoadedConfig, "config" | "tree">): PluginSetting[] {
  const { plugins, load_plugins } = config;
  const all = tree?.kind === "map" && !tree.entries.has("load_plugins");
  const wanted = all ? plugins : load_plugins.map((name) => configured(name, plugins));
  const settings = new Map(ALWAYS_LOADED.map((setting) => [setting.name, setting]));
  for (const plugin of wanted) settings.set(plugin.name, settingOf(plugin));
  return [...settings.values()];
}

/**
 * Refuses plugins that can't be told apart, and those that no source has a use for. Looks at their files, so it throws
 * a FalcoError also where one can't be loaded.
 */
export function checkPlugins(settings: readonly PluginSetting[]): void {
  const sources = pluginSources(settings);
  const found: Plugin[] = [];
  for (const setting of settings) {
    const plugin = findPlugin(setting);
    const { name } = plugin.info;
    const id = plugin.source?.id;
    const twin = found.find(
      ({ info, source }) => info.name === name || (id !== undefined && source?.id === id),
    );
    if (twin) {
      const shared = twin.info.name === name ? `the name "${name}"` : `number ${id}`;
      throw new FalcoError(
        "PLUGIN_LOAD",
        `Cannot load plugin ${setting.name}: another one has ${shared} already`,
        {
          hint: "take one of them out of load_plugins",
        },
      );
    }
    if (setting.library !== undefined && !sources.some((source) => concernsSource(plugin, source))) {
      throw new FalcoError(
        "PLUGIN_UNUSED",
        `Cannot use plugin ${setting.name}: it is made for event sources that are not there`,
        { hint: `there are: ${sources.join(", ")}; load the plugin that brings the source it reads, too` },
      );
    }
    found.push(plugin);
  }
}

function configured(name: string, plugins: readonly ConfiguredPlugin[]): ConfiguredPlugin {
  const found = plugins.find((plugin) => plugin.name === name);
  if (found) return found;
  const own = BUILT_IN.find(({ plugin }) => plugin.info.name === name);
  if (own) return { name, library_path: "", init_config: "", open_params: "" };
  throw unknownPlugin(`Cannot load plugin ${name}: the configuration has no such plugin`, name, plugins);
}

function settingOf({ name, library_path, init_config, open_params }: ConfiguredPlugin): PluginSetting {
  const library = isAbsolute(library_path) ? library_path : join(PLUGINS_DIRECTORY, library_path);
  const own = BUILT_IN.find(({ plugin }) => plugin.info.name === name);
  const isOwn = own && (own.when === "loaded" || !statSync(library, { throwIfNoEntry: false })?.isFile());
  return {
    name,
    ...(isOwn ? {} : { library }),
    config: configText(init_config),
    openParams: open_params,
  };
}

const configText = (config: unknown): string =>
  config === undefined || config === null ? "" : typeof config === "string" ? config : JSON.stringify(config);

/** The configured plugin of this name or path, and what it is set to. Throws a FalcoError when there is none. */
export function configuredPlugin(
  nameOrPath: string,
  { plugins }: Pick<Config, "plugins">,
): { readonly setting: PluginSetting; readonly plugin: Plugin } {
  const found = plugins.find(({ name, library_path }) => name === nameOrPath || library_path === nameOrPath);
  if (!found) {
    throw unknownPlugin(
      `Cannot describe plugin ${nameOrPath}: the configuration has no such plugin`,
      nameOrPath,
      plugins,
    );
  }
  const setting = settingOf(found);
  return { setting, plugin: findPlugin(setting) };
}

function unknownPlugin(message: string, name: string, plugins: readonly ConfiguredPlugin[]): FalcoError {
  const suggestion = nearest(
    name,
    plugins.map((plugin) => plugin.name),
  );
  return new FalcoError(
    "PLUGIN_UNKNOWN",
    message,
    suggestion === undefined ? {} : { hint: `did you mean "${suggestion}"?` },
  );
}

/** What is to know of a plugin, as `--list-plugins` prints it. */
export const pluginText = ({ name, description, contact, version, capabilities }: PluginInfo): string =>
  [
    `Name: ${name}`,
    `Description: ${description}`,
    `Contact: ${contact}`,
    `Version: ${version}`,
    "Capabilities: ",
    ...capabilities.map((capability) => `  - ${capability}`),
    "",
  ].join("\n");
