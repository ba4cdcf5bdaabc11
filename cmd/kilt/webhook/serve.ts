import { command } from "../../command.ts";
import { err } from "../../print.ts";
import { imageLookup } from "../image-lookup.ts";
import { recipeFlag } from "../target-flags.ts";

const FALCO_IMAGE = "docker.io/falcosecurity/falco:latest";

export const serve = command({
  name: "serve",
  summary: "Serve the webhook over TLS",
  examples: [
    "falco kilt webhook --cert tls.crt --key tls.key",
    "falco kilt webhook serve --cert c --key k --on-error deny",
  ],
  flags: {
    host: { type: "string", value: "ADDRESS", help: "Address to listen on", default: "127.0.0.1" },
    port: { type: "number", help: "Port to listen on (0: any)", default: "8443" },
    cert: {
      type: "string",
      value: "FILE",
      help: "Certificate (PEM); read again when it changes",
      default: "tls.crt",
    },
    key: { type: "string", value: "FILE", help: "Its key (PEM)", default: "tls.key" },
    "client-ca": { type: "string", value: "FILE", help: "Authority of API servers; others are turned away" },
    definition: {
      type: "string",
      value: "FILE",
      help: 'Definition to apply; "falco" is the embedded one',
      default: "falco",
    },
    "recipe-config": recipeFlag,
    "opt-in": { type: "boolean", help: "Patch only what is annotated for it" },
    "no-image-lookup": { type: "boolean", help: "Do not ask registries for entry points" },
    "image-volumes": {
      type: "boolean",
      help: "Lend folders by image volumes (Kubernetes 1.33) instead of copies",
    },
    "tools-image": {
      type: "string",
      value: "IMAGE",
      help: "Image that holds falco, for copying",
      default: FALCO_IMAGE,
    },
    "image-pull-secret": { type: "string", value: "NAME", help: "Secret with credentials for lent images" },
    "on-error": {
      type: "string",
      help: "What becomes of requests that cannot be patched",
      choices: ["allow", "deny"],
      default: "allow",
    },
  },
  run: async ({ flags }) => {
    const { cachedLookup } = await import("../../../kilt/cached-lookup.ts");
    const { loadDefinition } = await import("../../../kilt/definition.ts");
    const { serveWebhook } = await import("../../../kilt/k8s/webhook-server.ts");
    const { waitForever } = await import("../../../kilt/wait-forever.ts");
    const webhook = serveWebhook({
      host: flags.host,
      port: flags.port ?? 8443,
      cert: flags.cert,
      key: flags.key,
      definition: loadDefinition(flags.definition, flags["recipe-config"]),
      optIn: flags["opt-in"],
      imageVolumes: flags["image-volumes"],
      toolsImage: flags["tools-image"],
      onError: flags["on-error"] === "deny" ? "deny" : "allow",
      env: process.env,
      log: err,
      ...(flags["client-ca"] ? { clientCa: flags["client-ca"] } : {}),
      ...(flags["image-pull-secret"] ? { imagePullSecret: flags["image-pull-secret"] } : {}),
      ...(flags["no-image-lookup"] ? {} : { lookup: cachedLookup(imageLookup, 3000) }),
    });
    err(`webhook listens on https://${flags.host}:${webhook.port}/mutate`);
    await waitForever();
    await webhook.stop();
    return 0;
  },
});
