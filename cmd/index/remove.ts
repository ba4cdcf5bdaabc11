import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const remove = command({
  name: "remove",
  summary: "Remove indexes",
  examples: ["falco index remove mine"],
  flags: commonFlags,
  positionals: [{ name: "NAME", help: "Name of the index", repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { indexes, log } = await openContext(flags);
    await indexes.remove(positionals);
    log("info", "Removed", { indexes: positionals.join(", ") });
    return 0;
  },
});
