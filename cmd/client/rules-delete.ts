import { command } from "../command.ts";
import { CONNECTION } from "./connect.ts";

export const remove = command({
  name: "delete",
  summary: "Delete rules, macros and lists that were made through the API",
  description: "For a rule that a file defines, this takes back what the API changed about it.",
  examples: ['falco client rules delete "My rule" --macro my_macro'],
  flags: {
    ...CONNECTION,
    macro: { type: "string", value: "NAME", help: "A macro to delete", repeat: true },
    list: { type: "string", value: "NAME", help: "A list to delete", repeat: true },
  },
  positionals: [{ name: "RULE", help: "Names of rules", optional: true, repeat: true }],
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    const names = { rules: [...positionals], macros: flags.macro, lists: flags.list };
    return await changeRules(flags, (client) => client.rules.delete(names));
  },
});
