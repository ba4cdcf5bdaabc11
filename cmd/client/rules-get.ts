import { PRIORITIES } from "../../core/outputs/alert.ts";
import { command } from "../command.ts";
import { json, out } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const get = command({
  name: "get",
  summary: "Show a rule as it is loaded",
  examples: ['falco client rules get "Terminal shell in container"'],
  flags: CONNECTION,
  positionals: [{ name: "RULE", help: "The rule's name" }],
  run: async ({ flags, positionals }) => {
    const rule = await withClient(flags, (client) => client.rules.get(positionals[0]!));
    const { name, description: desc, condition, output, source, tags, enabled, file } = rule;
    const shown = {
      rule: name,
      desc,
      condition,
      output,
      priority: PRIORITIES[rule.priority],
      source,
      tags,
      enabled,
    };
    if (flags.json) json({ ...shown, file });
    else {
      const { stringify } = await import("yaml");
      out(`# ${file ? `defined in ${file}` : "made through the API"}\n${stringify([shown])}`);
    }
    return 0;
  },
});
