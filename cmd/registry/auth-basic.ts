import { registryFlags } from "../artifact/flags.ts";
import { type Command, command } from "../command.ts";

const declare = (name: string, examples: readonly string[]): Command =>
  command({
    name,
    summary: "Log in to a registry with a user name and password",
    description: "Tries them at the registry, and stores them when it takes them.",
    examples,
    flags: {
      ...registryFlags,
      username: { type: "string", short: "u", value: "NAME", help: "User name" },
      password: {
        type: "string",
        short: "p",
        value: "TEXT",
        help: "Password; others can see it in the process list",
      },
      "password-stdin": { type: "boolean", help: "Read the password from standard input" },
    },
    positionals: [{ name: "REGISTRY", help: "Host of the registry, with port" }],
    run: async ({ flags, positionals: [target = ""] }) => {
      const { openContext } = await import("../../artifacts/context.ts");
      const { loginBasic, registryHost } = await import("../../artifacts/auth/login.ts");
      const { basicCredential } = await import("../../artifacts/auth/basic-credential.ts");
      const { log, registry, settings } = await openContext(flags);
      const credential = await basicCredential(flags);
      const file = await loginBasic(registryHost(target), credential, settings, registry);
      log("info", "Login succeeded", { registry: registryHost(target), file });
      return 0;
    },
  });

export const basic = declare("basic", [
  "falco registry auth basic ghcr.io -u me --password-stdin < token",
  "falco registry auth basic localhost:5000 --plain-http",
]);
export const login = declare("login", ["falco repo login ghcr.io -u me --password-stdin < token"]);
