import { command } from "./command.ts";
import { retiredFlags, runFlags } from "./run-flags.ts";

/** The whole tree. Each node loads when it is named, so that `--version` does not pay for the engine. */
export const root = command({
  name: "falco",
  summary: "Runtime security for Linux, containers and Kubernetes",
  description:
    "Watches what the machine does, matches it against rules, and tells somebody.\n" +
    "Without a command, falco runs: `falco -r rules.yaml` is `falco run -r rules.yaml`.",
  examples: ["falco", "falco -r my_rules.yaml -o json_output=true", "falco version --json"],
  fallback: "run",
  flags: runFlags,
  retired: retiredFlags,
  aliases: { repo: "registry" },
  needless: {
    driver: "there is no driver to choose, build or download: falco assembles its own probe when it starts",
  },
  commands: {
    run: async () => (await import("./run.ts")).run,
    trace: async () => (await import("./trace.ts")).trace,
    validate: async () => (await import("./validate.ts")).validate,
    rules: async () => (await import("./rules/rules.ts")).rules,
    fields: async () => (await import("./fields.ts")).fields,
    record: async () => (await import("./record.ts")).record,
    events: async () => (await import("./events.ts")).events,
    kilt: async () => (await import("./kilt/kilt.ts")).kilt,
    artifact: async () => (await import("./artifact/artifact.ts")).artifact,
    index: async () => (await import("./index/index-command.ts")).indexCommand,
    registry: async () => (await import("./registry/registry.ts")).registry,
    client: async () => (await import("./client/client.ts")).client,
    tls: async () => (await import("./tls/tls.ts")).tls,
    config: async () => (await import("./config/config.ts")).config,
    version: async () => (await import("./version.ts")).version,
    docs: async () => (await import("./docs.ts")).docs,
    completion: async () => (await import("./completion.ts")).completion,
  },
});
