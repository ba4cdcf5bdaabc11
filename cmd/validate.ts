import { command } from "./command.ts";
import { runFlags } from "./run-flags.ts";

export const validate = command({
  name: "validate",
  summary: "Check rules files and say what is wrong with them, with file, line and column",
  description:
    "Checks each file together with those before it, as `falco -V` does. What it prints goes to standard\n" +
    "output. Exits 1 when a file is invalid; warnings alone are no failure.",
  examples: ["falco validate my_rules.yaml", "falco validate falco_rules.yaml my_rules.yaml --json"],
  flags: {
    config: runFlags.config,
    option: runFlags.option,
    json: { type: "boolean", help: "Print as JSON, as json_output=true does" },
  },
  positionals: [{ name: "FILE", help: "A rules file, or a directory of them", repeat: true }],
  run: async ({ flags, positionals }) => {
    const { printValidation } = await import("./print-validation.ts");
    return printValidation(positionals, flags, flags.json);
  },
});
