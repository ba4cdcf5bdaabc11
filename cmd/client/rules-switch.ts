import { command } from "../command.ts";
import { CONNECTION } from "./connect.ts";

const FLAGS = {
  ...CONNECTION,
  tag: { type: "string", value: "TAG", help: "Rules that carry this tag", repeat: true },
} as const;
const RULES = [{ name: "RULE", help: "Names of rules", optional: true, repeat: true }];

export const enable = command({
  name: "enable",
  summary: "Enable rules, whatever file defines them",
  examples: [
    'falco client rules enable "Terminal shell in container"',
    "falco client rules enable --tag network",
  ],
  flags: FLAGS,
  positionals: RULES,
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    return await changeRules(flags, (client) => client.rules.enable([...positionals], flags.tag));
  },
});

export const disable = command({
  name: "disable",
  summary: "Disable rules, whatever file defines them",
  examples: ["falco client rules disable --tag network"],
  flags: FLAGS,
  positionals: RULES,
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    return await changeRules(flags, (client) => client.rules.disable([...positionals], flags.tag));
  },
});
