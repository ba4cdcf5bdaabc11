import { command } from "../command.ts";
import { json, out, table } from "../print.ts";
import { configFlags, loadOptions } from "./config-flags.ts";

export const diff = command({
  name: "diff",
  summary: "Print the keys whose value is not the built-in one",
  examples: ["falco config diff", "falco config diff -c falco.yaml --json"],
  flags: configFlags,
  run: async ({ flags }) => {
    const { loadConfig } = await import("../../core/config/load.ts");
    const { configDifferences } = await import("../../core/config/shown.ts");
    const differences = configDifferences(loadConfig(loadOptions(flags)));
    if (flags.json) return void json(differences);
    const rows = differences.map(({ key, builtIn, value }) => [
      key,
      JSON.stringify(builtIn),
      JSON.stringify(value),
    ]);
    return void out(rows.length === 0 ? "no differences" : table(["key", "built in", "value"], rows));
  },
});
