import { command } from "../command.ts";
import { err, json, out } from "../print.ts";
import { recipeFlag, targetFlags, targetFrom } from "./target-flags.ts";

export const check = command({
  name: "check",
  summary: "Check a definition",
  description: "Reads a definition and applies it to an example, which the flags can describe.",
  examples: ["falco kilt check debug.kilt.cfg", "falco kilt check task.kilt.cfg --tag owner=me --json"],
  positionals: [{ name: "DEFINITION", help: 'file, or "falco" for the embedded one' }],
  flags: {
    ...targetFlags,
    "recipe-config": recipeFlag,
    json: { type: "boolean", help: "Print for programs" },
  },
  run: async ({ flags, positionals }) => {
    const { loadDefinition } = await import("../../kilt/definition.ts");
    const { checkDefinition } = await import("../../kilt/check.ts");
    const definition = loadDefinition(positionals[0], flags["recipe-config"]);
    const { build, runtime, warnings } = checkDefinition(definition, targetFrom(flags), { env: process.env });
    const counts = {
      mounts: build.mounts.length,
      uploads: runtime?.uploads.length ?? 0,
      execs: runtime?.execs.length ?? 0,
    };
    if (flags.json) json({ valid: true, ...counts, warnings });
    else {
      for (const warning of warnings) err(`warning: ${warning}`);
      const text = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
      out(`${definition.name} is valid (${text.join(", ")})`);
    }
    return 0;
  },
});
