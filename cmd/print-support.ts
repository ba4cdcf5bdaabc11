import { hostname, machine, release, type, version } from "node:os";
import { stringify } from "yaml";
import { pluginVersions } from "../core/capture/plugin/find.ts";
import { chosenRules } from "../core/chosen-rules.ts";
import { loadConfig } from "../core/config/load.ts";
import { showConfig } from "../core/config/settings.ts";
import { loadedPlugins } from "../core/plugins.ts";
import { VERSIONS, versionInfo } from "../core/versions.ts";
import { loadOptions } from "./config/config-flags.ts";
import { out } from "./print.ts";
import type { RunFlags } from "./run-modes.ts";

/** `--support`: what whoever answers a report needs to know, as one line of JSON. Secrets are left out. */
export function printSupport(flags: RunFlags, argv: readonly string[] = process.argv.slice(2)): void {
  const loaded = loadConfig(loadOptions(flags));
  out(
    JSON.stringify({
      // A value on the command line may be a secret as well; which key was set is what matters here.
      cmdline: ["falco", ...argv.map((word) => word.replace(/=.*$/s, "=..."))].join(" "),
      config: stringify(showConfig(loaded)),
      engine_info: versionInfo(pluginVersions(loadedPlugins(loaded))),
      rules_files: chosenRules(flags.rules, loaded).map(({ name, content }) => ({
        name,
        variants: [{ content }],
      })),
      system_info: {
        machine: machine(),
        nodename: hostname(),
        release: release(),
        sysname: type(),
        version: version(),
      },
      version: VERSIONS.falco,
    }),
  );
}
