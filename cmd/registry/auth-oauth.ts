import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const oauth = command({
  name: "oauth",
  summary: "Log in to a registry as an OAuth 2.0 client",
  description: "Tries the client credentials at the token URL, and stores them when it gives a token.",
  examples: [
    "falco registry auth oauth registry.example.com --client-id a --client-secret b --token-url https://example.com/token",
  ],
  flags: {
    ...commonFlags,
    "client-id": { type: "string", value: "ID", help: "The client's id" },
    "client-secret": {
      type: "string",
      value: "TEXT",
      help: "The client's secret; asked for, or read from standard input, when not given",
    },
    "token-url": { type: "string", value: "URL", help: "Where tokens are given out" },
    scopes: { type: "string", value: "SCOPES", repeat: true, help: "Scopes to ask for, separated by commas" },
  },
  positionals: [{ name: "REGISTRY", help: "Host of the registry, with port" }],
  run: async ({ flags, positionals: [target = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { loginOauth, registryHost } = await import("../../artifacts/auth/login.ts");
    const { oauthClient } = await import("../../artifacts/auth/oauth-flags.ts");
    const { log } = await openContext(flags);
    const file = await loginOauth(registryHost(target), await oauthClient(flags));
    log("info", "Client credentials stored", { registry: registryHost(target), file });
    return 0;
  },
});
