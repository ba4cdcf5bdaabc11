import { command } from "../command.ts";
import { json, out } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const version = command({
  name: "version",
  summary: "Print the version of the falco that answers",
  examples: ["falco client version"],
  flags: CONNECTION,
  run: async ({ flags }) => {
    const { $typeName: _, ...reply } = await withClient(flags, (client) => client.version());
    if (flags.json) json({ ...reply, $unknown: undefined });
    else out(`falco ${reply.version}, engine ${reply.engineVersion}`);
    return 0;
  },
});
