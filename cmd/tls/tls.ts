import { command } from "../command.ts";

export const tls = command({
  name: "tls",
  summary: "Make certificates for falco's TCP services",
  examples: ["falco tls generate"],
  commands: { generate: async () => (await import("./generate.ts")).generate },
});
