import { findPlugin, sourceBrought } from "../core/capture/plugin/find.ts";
import type { Plugin, PluginInfo, PluginSetting } from "../core/capture/plugin/plugin.ts";
import { loadConfig } from "../core/config/load.ts";
import { configuredPlugin, loadedPlugins, pluginText } from "../core/plugins.ts";
import { State } from "../core/state/state.ts";
import { loadOptions } from "./config/config-flags.ts";
import { err, out } from "./print.ts";
import type { RunFlags } from "./run-modes.ts";

/** `--list-plugins`: what is to know of each plugin that would be loaded. */
export function printPlugins(flags: RunFlags): void {
  const plugins = loadedPlugins(loadConfig(loadOptions(flags))).map((setting) => findPlugin(setting).info);
  out(
    `${plugins.length} Plugins Loaded:\n\n${plugins.map((plugin) => `${pluginText(plugin)}\n`).join("")}\n`,
  );
}

/** `--plugin-info`: one plugin by name or path, with the schema of its settings. */
export function printPlugin(nameOrPath: string, flags: RunFlags): void {
  const { config } = loadConfig(loadOptions(flags));
  const { setting, plugin } = configuredPlugin(nameOrPath, config);
  const { info } = plugin;
  out(`${pluginText(info)}\n${schemaText(info)}\n${openParamsText(setting, plugin)}`);
}

function schemaText({ initSchema }: PluginInfo): string {
  if (initSchema) return `Init config schema type: JSON\n${JSON.stringify(initSchema)}\n`;
  return "Init config schema type: Not available, plugin does not implement the init config schema functionality\n\n";
}

/** What the plugin, started with its configuration, suggests to open its source with. */
function openParamsText({ config }: PluginSetting, plugin: Plugin): string {
  if (sourceBrought(plugin) === undefined) return "";
  const running = plugin.start({
    config,
    state: new State(),
    log: (level, message) => err(`${level}: ${message}`),
  });
  const params = running.openParams?.() ?? [];
  running.destroy();
  if (params.length === 0) {
    return "No suggested open params available: plugin has not been configured, or it does not implement the open params suggestion functionality\n\n";
  }
  const lines = params.map(({ value, description }) => (description ? `${value}: ${description}` : value));
  return `Suggested open params:\n${lines.join("\n")}\n\n`;
}
