import { command } from "../command.ts";
import { json, out } from "../print.ts";
import { configFlags, loadOptions } from "./config-flags.ts";

export const show = command({
  name: "show",
  summary: "Print every key with the value in effect",
  description:
    "Prints the configuration that falco would run with: files merged, environment and -o applied, defaults\nfilled in. Secrets are printed as <hidden>.",
  examples: ["falco config show", "falco config show -c falco.yaml -o outputs_queue.capacity=5 --json"],
  flags: configFlags,
  run: async ({ flags }) => {
    const { loadConfig } = await import("../../core/config/load.ts");
    const { showConfig } = await import("../../core/config/settings.ts");
    const shown = showConfig(loadConfig(loadOptions(flags)));
    if (flags.json) return void json(shown);
    const { stringify } = await import("yaml");
    return void out(stringify(shown));
  },
});
