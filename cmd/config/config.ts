import { command } from "../command.ts";

export const config = command({
  name: "config",
  summary: "Look at the configuration in effect, or print a sample or a systemd unit",
  examples: ["falco config check", "falco config diff -c falco.yaml"],
  commands: {
    show: async () => (await import("./show.ts")).show,
    check: async () => (await import("./check.ts")).check,
    sample: async () => (await import("./sample.ts")).sample,
    unit: async () => (await import("./unit.ts")).unit,
    diff: async () => (await import("./diff.ts")).diff,
  },
});
