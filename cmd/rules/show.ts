import { command } from "../command.ts";
import { rulesFlags } from "./rules-flags.ts";

export const show = command({
  name: "show",
  summary: "Describe one rule",
  description: "Prints what `falco -l RULE` does.",
  examples: ['falco rules show "Password hashes read"', 'falco rules show "My rule" -r my_rules.yaml --json'],
  flags: rulesFlags,
  positionals: [{ name: "RULE", help: "The rule's name" }],
  run: async ({ flags, positionals }) => {
    const { printRules } = await import("../print-rules.ts");
    printRules(flags, positionals[0], flags.json);
  },
});
