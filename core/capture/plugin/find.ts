import type { FieldClass } from "../../fields/field.ts";
import { BUILT_IN } from "./built-in.ts";
import type { Plugin, PluginSetting } from "./plugin.ts";
import { SharedPlugin } from "./shared-plugin.ts";

/** Shared objects that this thread has looked at. */
const loaded = new Map<string, SharedPlugin>();

/** The plugin of a setting, to be looked at or started in this thread. Throws a FalcoError when it can't be loaded. */
export function findPlugin({ name, library }: PluginSetting): Plugin {
  if (library === undefined) return BUILT_IN.find(({ plugin }) => plugin.info.name === name)!.plugin;
  let plugin = loaded.get(library);
  if (!plugin) {
    plugin = new SharedPlugin(name, library);
    loaded.set(library, plugin);
  }
  return plugin;
}

/** Plugins that run whatever the configuration says. */
export const ALWAYS_LOADED: readonly PluginSetting[] = BUILT_IN.filter(({ when }) => when === "loaded").map(
  ({ plugin }) => ({ name: plugin.info.name, config: "", openParams: "" }),
);

/** Versions by name. */
export const pluginVersions = (plugins: readonly PluginSetting[]): Record<string, string> =>
  Object.fromEntries(plugins.map(findPlugin).map(({ info }) => [info.name, info.version]));

/** Event sources there are: that of system calls, then those of plugins. */
export const pluginSources = (plugins: readonly PluginSetting[]): string[] => [
  ...new Set(["syscall", ...plugins.flatMap((setting) => findPlugin(setting).source?.name ?? [])]),
];

/** The event source that a plugin brings: its own, or that of system calls. */
export const sourceBrought = ({ source, bringsSyscalls }: Plugin): string | undefined =>
  bringsSyscalls ? "syscall" : source?.name;

/** Whether a plugin has anything to do with events of a source. */
export function concernsSource(plugin: Plugin, source: string): boolean {
  return (
    sourceBrought(plugin) === source ||
    plugin.concerns?.(source) === true ||
    plugin.fields.some(({ sources }) => sources.length === 0 || sources.includes(source))
  );
}

/** Fields of plugins as declared: rules can be checked with them, not run. */
export const declaredFields = (plugins: readonly PluginSetting[]): FieldClass[] =>
  plugins.flatMap((setting) => findPlugin(setting).fields);
