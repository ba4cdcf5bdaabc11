import { findPlugin } from "../core/capture/plugin/find.ts";
import { loadConfig } from "../core/config/load.ts";
import { configuredPlugin, loadedPlugins, pluginText } from "../core/plugins.ts";
import { loadOptions } from "./config/config-flags.ts";
import { out } from "./print.ts";
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
  const { plugin } = configuredPlugin(nameOrPath, config);
  const { info } = plugin;
  out(`${pluginText(info)}\nInit config schema type: JSON\n${JSON.stringify(info.initSchema)}\n\n`);
}
