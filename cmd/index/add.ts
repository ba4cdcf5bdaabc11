import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const add = command({
  name: "add",
  summary: "Add an index",
  description:
    "Fetches an index and keeps it under a name. Of artifacts that several indexes list, the first index counts.",
  examples: [
    "falco index add mine https://example.com/falco/index.yaml",
    "falco index add local file:///srv/falco/index.yaml",
    "falco index add private https://example.com/index.yaml --username me --password-stdin",
  ],
  flags: {
    ...commonFlags,
    username: {
      type: "string",
      short: "u",
      value: "NAME",
      help: "User name for the index's host, kept with the credentials",
    },
    "password-stdin": { type: "boolean", help: "Read the password from standard input" },
    "token-stdin": { type: "boolean", help: "Read an access token from standard input" },
  },
  positionals: [
    { name: "NAME", help: "What to call it" },
    { name: "URL", help: "Where it is: https, http, file, s3 or gcs" },
    { name: "BACKEND", help: "How to fetch it, when the URL's scheme does not say", optional: true },
  ],
  run: async ({ flags, positionals: [name = "", url = "", backend] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const context = await openContext(flags);
    const { storeIndexCredential } = await import("../../artifacts/auth/index-credential.ts");
    await storeIndexCredential(url, flags, context.settings);
    const outcome = await context.indexes.add(name, url, backend);
    context.log("info", outcome === "added" ? "Index added" : "Index is there already", { name });
    return 0;
  },
});
