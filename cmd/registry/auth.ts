import { command } from "../command.ts";

export const auth = command({
  name: "auth",
  summary: "Log in to a registry",
  examples: ["falco registry auth basic ghcr.io"],
  commands: {
    basic: async () => (await import("./auth-basic.ts")).basic,
    oauth: async () => (await import("./auth-oauth.ts")).oauth,
    gcp: async () => (await import("./auth-gcp.ts")).gcp,
  },
});
