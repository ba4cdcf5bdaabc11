import { PRIORITIES } from "../../core/outputs/alert.ts";
import { command } from "../command.ts";
import { json, out, table } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const list = command({
  name: "list",
  summary: "List the rules that are loaded",
  examples: ["falco client rules list --json"],
  flags: CONNECTION,
  run: async ({ flags }) => {
    const { rules, revision } = await withClient(flags, (client) => client.rules.list());
    const shown = rules.map((rule) => ({
      name: rule.name,
      enabled: rule.enabled,
      priority: PRIORITIES[rule.priority] ?? "",
      source: rule.source,
      tags: rule.tags,
      file: rule.file,
    }));
    if (flags.json) json({ revision, rules: shown });
    else {
      const rows = shown.map((one) => [
        one.name,
        one.enabled ? "yes" : "no",
        one.priority,
        one.source,
        one.file || "(API)",
      ]);
      out(table(["rule", "enabled", "priority", "source", "defined in"], rows));
    }
    return 0;
  },
});
