import { command } from "../command.ts";
import { out } from "../print.ts";
import { platformFlag, refsArgument, registryFlags } from "./flags.ts";

export const config = command({
  name: "config",
  summary: "Print an artifact's configuration as JSON",
  examples: ["falco artifact config k8saudit:0.7", "falco artifact config k8saudit --platform linux/arm64"],
  flags: { ...registryFlags, ...platformFlag },
  positionals: [refsArgument],
  run: async ({ flags, positionals: [ref = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { artifactConfig } = await import("../../artifacts/package/raw-documents.ts");
    const { indexes, registry } = await openContext(flags);
    out(await artifactConfig(indexes, ref, registry, flags.platform));
    return 0;
  },
});
