import { command } from "../command.ts";
import { rulesFlags } from "./rules-flags.ts";

export const list = command({
  name: "list",
  summary: "Name and describe every rule",
  description:
    "Prints what `falco -L` does. As JSON: every rule, macro and list, with the fields, operators,\n" +
    "macros, lists and events that each of them uses.",
  examples: ["falco rules list", "falco rules list -r my_rules.yaml --json"],
  flags: rulesFlags,
  run: async ({ flags }) => {
    const { printRules } = await import("../print-rules.ts");
    printRules(flags, undefined, flags.json);
  },
});
