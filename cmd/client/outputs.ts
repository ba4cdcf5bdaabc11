import { command } from "../command.ts";
import { err, out } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const outputs = command({
  name: "outputs",
  summary: "Print alerts as they come",
  description: "Reconnects by itself, goes on where it stopped, and says what was lost meanwhile.",
  examples: ["falco client outputs", "falco client outputs --get --json"],
  flags: { ...CONNECTION, get: { type: "boolean", help: "Print what is queued, and end" } },
  run: async ({ flags }) => {
    const { alertJson } = await import("./alert-json.ts");
    await withClient(flags, async (client, signal) => {
      if (flags.get) {
        for await (const alert of client.get(signal)) out(flags.json ? alertJson(alert) : alert.output);
        return;
      }
      const onReconnect = (reason?: Error) =>
        err(`Connection lost${reason ? `: ${reason.message}` : ""}; reconnecting`);
      for await (const alert of client.subscribe({ signal, onReconnect })) {
        if (alert.missed > 0n) err(`${alert.missed} alerts lost before the next one`);
        out(flags.json ? alertJson(alert) : alert.output);
      }
    });
    return 0;
  },
});
