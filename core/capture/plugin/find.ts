import { FalcoError } from "../../errors.ts";
import type { FieldClass } from "../../fields/field.ts";
import { BUILT_IN } from "./built-in.ts";
import type { Plugin, PluginSetting } from "./plugin.ts";

/** The plugin of a setting, to be looked at or started in this thread. Throws a FalcoError when it can't be loaded. */
export function findPlugin({ name, library }: PluginSetting): Plugin {
  const own = BUILT_IN.find(({ plugin }) => plugin.info.name === name);
  if (own && library === undefined) return own.plugin;
  throw new FalcoError(
    "PLUGIN_LOAD",
    `Cannot load plugin ${name} from ${library}: plugins from shared objects are not supported`,
    {
      hint: `built in: ${BUILT_IN.map(({ plugin }) => plugin.info.name).join(", ")}; take others out of load_plugins`,
    },
  );
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

/** Fields of plugins as declared: rules can be checked with them, not run. */
export const declaredFields = (plugins: readonly PluginSetting[]): FieldClass[] =>
  plugins.flatMap((setting) => findPlugin(setting).fields);
