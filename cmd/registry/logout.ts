import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const logout = command({
  name: "logout",
  summary: "Forget the credentials of a registry",
  examples: ["falco registry logout ghcr.io"],
  flags: commonFlags,
  positionals: [{ name: "REGISTRY", help: "Host of the registry, with port" }],
  run: async ({ flags, positionals: [target = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { logout, registryHost } = await import("../../artifacts/auth/login.ts");
    const { log, settings } = await openContext(flags);
    const held = await logout(registryHost(target), settings);
    log("info", held ? "Credentials removed" : "There were no credentials", {
      registry: registryHost(target),
    });
    return 0;
  },
});
