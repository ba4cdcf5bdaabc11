import { command } from "../../command.ts";

export const webhook = command({
  name: "webhook",
  summary: "Patch pods as they are made, as an admission webhook of Kubernetes",
  examples: ["falco kilt webhook manifests | kubectl apply -f -"],
  description:
    "Serves unless a command is named; its options are those of `falco kilt webhook serve`.\n\n" +
    "A pod, or what holds its template, says by annotation whether it is patched: falco.org/kilt is\n" +
    '"ignore" or "include"; falco.org/kilt-ignore-containers and falco.org/kilt-include-containers name\n' +
    "containers, joined by colons. The label falco.org/kilt says the same for a namespace.",
  fallback: "serve",
  commands: {
    serve: async () => (await import("./serve.ts")).serve,
    manifests: async () => (await import("./manifests.ts")).manifests,
  },
});
