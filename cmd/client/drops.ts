import { command } from "../command.ts";
import { out } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const drops = command({
  name: "drops",
  summary: "Print what falco loses: the totals, then each further loss",
  examples: ["falco client drops", "falco client drops --json"],
  flags: CONNECTION,
  run: async ({ flags }) => {
    await withClient(flags, async (client, signal) => {
      for await (const { source, cause, count, total } of client.drops(signal)) {
        const line = { source, cause, count: Number(count), total: Number(total) };
        out(flags.json ? JSON.stringify(line) : `${source}: ${count} lost (${cause}), ${total} since start`);
      }
    });
    return 0;
  },
});
