import { command } from "../command.ts";

export const client = command({
  name: "client",
  summary: "Ask a running falco over its gRPC API",
  examples: ["falco client outputs", "falco client version"],
  commands: {
    outputs: async () => (await import("./outputs.ts")).outputs,
    version: async () => (await import("./version.ts")).version,
    rules: async () => (await import("./rules.ts")).rules,
    configs: async () => (await import("./configs.ts")).configs,
    drops: async () => (await import("./drops.ts")).drops,
    send: async () => (await import("./send.ts")).send,
  },
});
