import { command, flagOn, flagString } from "./command.ts";
import { configFlags, loadOptions } from "./config/config-flags.ts";
import { out } from "./print.ts";

export const fields = command({
  name: "fields",
  summary: "List the fields that conditions and outputs can use",
  examples: ["falco fields", "falco fields --source syscall --names", "falco fields --format markdown"],
  flags: {
    config: configFlags.config,
    option: configFlags.option,
    source: { type: "string", value: "SOURCE", help: "Only fields of this event source" },
    names: { type: "boolean", short: "N", help: "Names only" },
    verbose: { type: "boolean", short: "v", help: "Show types too" },
    format: {
      type: "string",
      value: "FORMAT",
      help: "How to print",
      choices: ["text", "markdown", "json"],
      default: "text",
    },
  },
  run: async (args) => {
    const { loadConfig } = await import("../core/config/load.ts");
    const { loadedPlugins } = await import("../core/plugins.ts");
    const { printFields } = await import("./list-fields.ts");
    out(
      printFields({
        plugins: loadedPlugins(loadConfig(loadOptions(args.flags))),
        format: flagString(args, "format") as "text" | "markdown" | "json",
        namesOnly: flagOn(args, "names"),
        verbose: flagOn(args, "verbose"),
        source: flagString(args, "source"),
      }),
    );
    return 0;
  },
});
