import { command } from "../command.ts";
import { CONNECTION } from "./connect.ts";
import { readContent } from "./read-content.ts";

const FILE = { name: "FILE", help: "A rules file, or - for standard input" };
const REVISION = {
  revision: {
    type: "string",
    value: "REVISION",
    help: "Only if nobody has changed rules since",
    default: "",
  },
} as const;

export const validate = command({
  name: "validate",
  summary: "Check rules against a running falco, changing nothing",
  examples: ["falco client rules validate my_rules.yaml"],
  flags: CONNECTION,
  positionals: [FILE],
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    const content = await readContent(positionals[0]!);
    return await changeRules(flags, (client) => client.rules.validate(content));
  },
});

export const create = command({
  name: "create",
  summary: "Add rules, macros and lists",
  examples: ["falco client rules create my_rules.yaml"],
  flags: { ...CONNECTION, ...REVISION },
  positionals: [FILE],
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    const content = await readContent(positionals[0]!);
    return await changeRules(flags, (client) => client.rules.create(content, flags.revision));
  },
});

export const update = command({
  name: "update",
  summary: "Replace rules, macros and lists that were made through the API",
  examples: ["falco client rules update my_rules.yaml"],
  flags: { ...CONNECTION, ...REVISION },
  positionals: [FILE],
  run: async ({ flags, positionals }) => {
    const { changeRules } = await import("./rules-change.ts");
    const content = await readContent(positionals[0]!);
    return await changeRules(flags, (client) => client.rules.update(content, flags.revision));
  },
});
