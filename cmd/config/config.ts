import { command } from "../command.ts";

export const config = command({
  name: "config",
  summary: "Look at the configuration in effect",
  examples: ["falco config check", "falco config diff -c falco.yaml"],
  commands: {
    show: async () => (await import("./show.ts")).show,
    check: async () => (await import("./check.ts")).check,
    diff: async () => (await import("./diff.ts")).diff,
  },
});
