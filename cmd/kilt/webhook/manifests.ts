import { command } from "../../command.ts";
import { out } from "../../print.ts";

export const manifests = command({
  name: "manifests",
  summary: "Print what a cluster needs to run the webhook",
  description:
    "Namespace, service account and role, certificate, deployment, service and webhook configuration.\n" +
    "The certificate is made while printing, with an authority of its own; its key is in the output.",
  examples: [
    "falco kilt webhook manifests --image registry.example/falco:1 | kubectl apply -f -",
    "falco kilt webhook manifests --cert-manager --opt-in namespaces",
  ],
  flags: {
    namespace: { type: "string", value: "NAME", help: "Namespace to run in", default: "falco-kilt" },
    image: {
      type: "string",
      value: "IMAGE",
      help: "Image of falco",
      default: "docker.io/falcosecurity/falco:latest",
    },
    "opt-in": {
      type: "string",
      help: "Patch only namespaces labelled, or pods annotated, for it",
      choices: ["none", "namespaces", "pods"],
      default: "none",
    },
    "failure-policy": {
      type: "string",
      help: "What API servers do when the webhook does not answer",
      choices: ["Ignore", "Fail"],
      default: "Ignore",
    },
    "pods-only": { type: "boolean", help: "Ask for pods only, not for what holds pod templates" },
    "cert-manager": { type: "boolean", help: "Let cert-manager make the certificate" },
    days: { type: "number", help: "Days that the certificate is valid", default: "365" },
    definition: { type: "string", value: "FILE", help: "Definition to apply instead of the embedded one" },
    "recipe-config": { type: "string", value: "JSON", help: "Recipe configuration of the definition" },
    "image-pull-secret": { type: "string", value: "NAME", help: "Secret with credentials for the images" },
  },
  run: async ({ flags }) => {
    const { manifests: print, serviceNames } = await import("../../../kilt/k8s/manifests.ts");
    const { serviceCertificate } = await import("../../../kilt/k8s/certificate.ts");
    const { loadDefinition } = await import("../../../kilt/definition.ts");
    const { readText } = await import("../../../kilt/read-text.ts");
    const { definition, namespace, image } = flags;
    // Applied to a cluster, a broken definition would show only when pods are made.
    loadDefinition(definition, flags["recipe-config"]);
    const made = flags["cert-manager"]
      ? undefined
      : await serviceCertificate(serviceNames(namespace), flags.days ?? 365);
    out(
      print({
        namespace,
        image,
        optIn: flags["opt-in"] as "none" | "namespaces" | "pods",
        failurePolicy: flags["failure-policy"] as "Ignore" | "Fail",
        podsOnly: flags["pods-only"],
        certificate: made ?? "cert-manager",
        ...(definition ? { definition: (await readText(definition, "definition"))[1] } : {}),
        ...(flags["recipe-config"] ? { recipeConfig: flags["recipe-config"] } : {}),
        ...(flags["image-pull-secret"] ? { imagePullSecret: flags["image-pull-secret"] } : {}),
      }),
    );
    return 0;
  },
});
