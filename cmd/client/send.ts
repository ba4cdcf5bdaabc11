import { command } from "../command.ts";
import { json, out } from "../print.ts";
import { CONNECTION, withClient } from "./connect.ts";

export const send = command({
  name: "send",
  summary: "Send events of a source of your own, for rules on it to match",
  description:
    "Reads one JSON object a line: field names to values. Types are string, uint64, bool, reltime, abstime " +
    "(nanoseconds) and ipaddr; a type followed by [] is a list. Refused events are reported, the rest goes on.",
  examples: [
    "falco client send --source login --field login.user:string --field login.count:uint64 events.ndjson",
    "tail -f events.ndjson | falco client send --source login --field login.user:string",
  ],
  flags: {
    ...CONNECTION,
    source: { type: "string", value: "NAME", help: "The event source that rules name", default: "client" },
    field: { type: "string", value: "NAME:TYPE", help: "A field that events have", repeat: true },
  },
  positionals: [{ name: "FILE", help: "File with the events (default standard input)", optional: true }],
  run: async ({ flags, positionals }) => {
    const { sendEvents } = await import("./send-events.ts");
    const { accepted, refused } = await withClient(flags, (client, signal) =>
      sendEvents(client, { source: flags.source, fields: flags.field, file: positionals[0] ?? "-", signal }),
    );
    if (flags.json) json({ accepted: Number(accepted), refused: Number(refused) });
    else out(`${accepted} events taken, ${refused} refused`);
    return refused > 0n ? 1 : 0;
  },
});
