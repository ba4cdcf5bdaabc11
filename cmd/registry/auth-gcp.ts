import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const gcp = command({
  name: "gcp",
  summary: "Log in to a registry with Google's application default credentials",
  description: "Tries to get a token, and notes in the configuration file that the registry takes them.",
  examples: ["falco registry auth gcp europe-docker.pkg.dev"],
  flags: commonFlags,
  positionals: [{ name: "REGISTRY", help: "Host of the registry" }],
  run: async ({ flags, positionals: [target = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { loginGcp, registryHost } = await import("../../artifacts/auth/login.ts");
    const { configPath, log, settings } = await openContext(flags);
    await loginGcp(registryHost(target), settings, configPath);
    log("info", "Google credentials will be used", { registry: registryHost(target), file: configPath });
    return 0;
  },
});
