import { platformFlag, registryFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const pull = command({
  name: "pull",
  summary: "Pull an artifact's archive from a registry",
  examples: ["falco registry pull ghcr.io/falcosecurity/rules/falco-rules:3 -o /tmp"],
  flags: {
    ...registryFlags,
    ...platformFlag,
    "dest-dir": { type: "string", short: "o", value: "DIR", help: "Directory to put it in", default: "." },
  },
  positionals: [{ name: "REF", help: "registry/repository[:tag|@digest], or a name in an index" }],
  run: async ({ flags, positionals: [ref = ""] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { locate } = await import("../../artifacts/index/locate.ts");
    const { hostPlatform, parsePlatform } = await import("../../artifacts/oci/platform.ts");
    const { Repository } = await import("../../artifacts/oci/repository.ts");
    const { pullArtifact } = await import("../../artifacts/package/pull-artifact.ts");
    const { indexes, log, progress, registry } = await openContext(flags);
    const { reference } = await locate(indexes, ref);
    const platform = flags.platform ? parsePlatform(flags.platform) : hostPlatform();
    const repository = Repository.of(reference, registry);
    const { digest, file, type } = await pullArtifact(
      repository,
      reference,
      platform,
      flags["dest-dir"],
      progress.show,
    );
    log("info", "Artifact pulled", { ref, type, digest, file });
    return 0;
  },
});
