import { command, flagString } from "./command.ts";
import { out } from "./print.ts";

export const events = command({
  name: "events",
  summary: "List the events that can be captured, with their parameters",
  examples: ["falco events", "falco events --format json"],
  flags: {
    format: {
      type: "string",
      value: "FORMAT",
      help: "How to print",
      choices: ["text", "markdown", "json"],
      default: "text",
    },
  },
  run: async (args) => {
    const { listEvents } = await import("../core/schema/listing.ts");
    const { VERSIONS } = await import("../core/versions.ts");
    out(listEvents(flagString(args, "format") as "text" | "markdown" | "json", VERSIONS.driverSchema));
    return 0;
  },
});
