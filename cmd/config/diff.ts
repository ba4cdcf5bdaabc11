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
    const { differencesFromBuiltIn } = await import("../../core/config/settings.ts");
    const differences = differencesFromBuiltIn(loadConfig(loadOptions(flags)));
    if (flags.json) return void json(differences);
    const rows = differences.map(({ key, before, after }) => [
      key,
      JSON.stringify(before),
      JSON.stringify(after),
    ]);
    return void out(rows.length === 0 ? "no differences" : table(["key", "built in", "value"], rows));
  },
});
