import { command } from "../command.ts";

export const wait = command({
  name: "wait",
  summary: "Do nothing until told to end",
  examples: ["falco kilt wait"],
  description:
    "The entry point of a container that only lends its folders to others. SIGTERM ends it with code 0.",
  run: async () => {
    await (await import("../../kilt/wait-forever.ts")).waitForever();
    return 0;
  },
});
