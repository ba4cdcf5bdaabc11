import { command } from "../command.ts";
import { err, json, out } from "../print.ts";
import { recipeFlag, targetFlags, targetFrom } from "./target-flags.ts";

export const render = command({
  name: "render",
  summary: "Print what a definition makes of a container",
  examples: [
    "falco kilt render falco --image nginx --entrypoint /docker-entrypoint.sh --command nginx",
    'falco kilt render my.kilt.cfg --entrypoint \'["/bin/sh", "-c"]\' --env PORT=80 --json',
  ],
  positionals: [{ name: "DEFINITION", help: 'file, or "falco" for the embedded one' }],
  flags: {
    ...targetFlags,
    "recipe-config": recipeFlag,
    json: { type: "boolean", help: "Print for programs" },
  },
  run: async ({ flags, positionals }) => {
    const { loadDefinition } = await import("../../kilt/definition.ts");
    const { checkDefinition } = await import("../../kilt/check.ts");
    const { describe } = await import("../../kilt/describe.ts");
    const definition = loadDefinition(positionals[0], flags["recipe-config"]);
    const checked = checkDefinition(definition, targetFrom(flags), { env: process.env });
    for (const warning of checked.warnings) err(`warning: ${warning}`);
    if (flags.json) json(describe(checked));
    else out((await import("yaml")).stringify(describe(checked), { lineWidth: 0 }));
    return 0;
  },
});
