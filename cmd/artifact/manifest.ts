import { command } from "../command.ts";
import { out } from "../print.ts";
import { platformFlag, refsArgument, registryFlags } from "./flags.ts";

export const manifest = command({
  name: "manifest",
  summary: "Print an artifact's manifest as JSON",
  examples: [
    "falco artifact manifest k8saudit:0.7",
    "falco artifact manifest k8saudit --platform linux/arm64",
  ],
  flags: { ...registryFlags, ...platformFlag },
  positionals: [refsArgument],
  run: async ({ flags, positionals: [ref = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { artifactManifest } = await import("../../artifacts/package/raw-documents.ts");
    const { indexes, registry } = await openContext(flags);
    out(await artifactManifest(indexes, ref, registry, flags.platform));
    return 0;
  },
});
