import { command } from "../command.ts";

/** Also known as `repo`. */
export const registry = command({
  name: "registry",
  summary: "Push, pull and log in to registries of artifacts",
  examples: ["falco registry pull ghcr.io/falcosecurity/rules/falco-rules:latest"],
  commands: {
    push: async () => (await import("./push.ts")).push,
    pull: async () => (await import("./pull.ts")).pull,
    auth: async () => (await import("./auth.ts")).auth,
    login: async () => (await import("./auth-basic.ts")).login,
    logout: async () => (await import("./logout.ts")).logout,
  },
});
