import type { LoadedConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { FalcoError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { BUILT_IN_PLUGINS } from "./versions.ts";

export interface PluginInfo {
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  readonly version: string;
  /** `Event Sourcing`, `Field Extraction`, `Event Parsing`, `Async Events`. */
  readonly capabilities: readonly string[];
  /** JSON Schema of `init_config`. */
  readonly initSchema: object;
}

const engineSchema = {
  type: "object",
  properties: {
    enabled: { type: "boolean" },
    sockets: { type: "array", items: { type: "string" } },
  },
};

/** The plugins that are part of this program. */
const BUILT_IN: readonly PluginInfo[] = [
  {
    name: "container",
    description: "Names, images and labels of containers, and the pods they belong to",
    contact: "part of this program",
    version: BUILT_IN_PLUGINS.container!,
    capabilities: ["Field Extraction", "Event Parsing", "Async Events"],
    initSchema: {
      type: "object",
      properties: {
        label_max_len: { type: "integer", minimum: 0 },
        engines: {
          type: "object",
          properties: Object.fromEntries(
            ["docker", "podman", "containerd", "cri"].map((name) => [name, engineSchema]),
          ),
        },
      },
    },
  },
];

/**
 * The plugins that run: those of this program, and what `load_plugins` names or, without that key, `plugins` lists.
 * Throws a FalcoError for one that this program does not have.
 */
export function loadedPlugins({ config, tree }: Pick<LoadedConfig, "config" | "tree">): PluginInfo[] {
  const { plugins, load_plugins } = config;
  const all = tree?.kind === "map" && !tree.entries.has("load_plugins");
  const wanted = all ? plugins : plugins.filter(({ name }) => load_plugins.includes(name));
  return [...new Set([...BUILT_IN, ...wanted.map(pluginNamed)])];
}

/** The configured plugin of this name or path. Throws a FalcoError when there is none. */
export function configuredPlugin(nameOrPath: string, { plugins }: Pick<Config, "plugins">): PluginInfo {
  const found = plugins.find(({ name, library_path }) => name === nameOrPath || library_path === nameOrPath);
  if (found) return pluginNamed(found);
  const suggestion = nearest(
    nameOrPath,
    plugins.map(({ name }) => name),
  );
  throw new FalcoError(
    "PLUGIN_UNKNOWN",
    `Cannot describe plugin ${nameOrPath}: the configuration has no such plugin`,
    suggestion === undefined ? {} : { hint: `did you mean "${suggestion}"?` },
  );
}

function pluginNamed({ name, library_path }: { name: string; library_path: string }): PluginInfo {
  const info = BUILT_IN.find((plugin) => plugin.name === name);
  if (info) return info;
  throw new FalcoError(
    "PLUGIN_LOAD",
    `Cannot load plugin ${name} from ${library_path}: plugins from shared objects are not supported`,
    {
      hint: `built in: ${BUILT_IN.map((plugin) => plugin.name).join(", ")}; take others out of load_plugins`,
    },
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
