import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const update = command({
  name: "update",
  summary: "Fetch indexes again, all unless some are named",
  examples: ["falco index update", "falco index update falcosecurity"],
  flags: commonFlags,
  positionals: [{ name: "NAME", help: "Name of an index", optional: true, repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { indexes, log } = await openContext(flags);
    for (const { name, changed } of await indexes.update(positionals)) {
      log("info", changed ? "Index updated" : "Index is current", { name });
    }
    return 0;
  },
});
