import { registryFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";

export const push = command({
  name: "push",
  summary: "Push files to a registry as an artifact",
  description:
    "Files and directories are packed unless they are gzip tars. What a rules file needs (required_engine_version, " +
    "required_plugin_versions) is read from it unless --requires and --depends-on say it.",
  examples: [
    "falco registry push --type rulesfile --version 0.1.2 ghcr.io/me/my-rules:latest my_rules.yaml",
    "falco registry push --type plugin --version 1.2.3 --add-floating-tags ghcr.io/me/p x64/libp.so --platform linux/amd64 arm/libp.so --platform linux/arm64",
    'falco registry push --type rulesfile --version 1.0.0 ghcr.io/me/r r.yaml --depends-on "k8saudit:0.7.0|k8saudit-eks:0.4.0"',
  ],
  flags: {
    ...registryFlags,
    type: { type: "string", value: "TYPE", help: "rulesfile, plugin or asset" },
    version: { type: "string", value: "VERSION", help: "Version of the artifact, MAJOR.MINOR.PATCH" },
    name: {
      type: "string",
      value: "NAME",
      help: "Name of the artifact (default the repository's last part)",
    },
    platform: { type: "string", value: "OS/ARCH", repeat: true, help: "Platform of a plugin, once per file" },
    "depends-on": {
      type: "string",
      short: "d",
      value: "NAME:VERSION[|…]",
      repeat: true,
      help: "Dependency, with alternatives",
    },
    requires: {
      type: "string",
      short: "r",
      value: "NAME:VERSION",
      repeat: true,
      help: "What the engine must offer",
    },
    tag: { type: "string", short: "t", value: "TAG", repeat: true, help: "Another tag" },
    "add-floating-tags": { type: "boolean", help: "Tag as MAJOR.MINOR.PATCH, MAJOR.MINOR and MAJOR too" },
    "annotation-source": { type: "string", value: "URL", help: "Where the source is, as an annotation" },
  },
  positionals: [
    { name: "REF", help: "Where to: registry/repository[:tag]" },
    { name: "FILE", help: "What to push", repeat: true },
  ],
  run: async ({ flags, positionals: [ref = "", ...files] }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { parseReference } = await import("../../artifacts/oci/reference.ts");
    const { Repository } = await import("../../artifacts/oci/repository.ts");
    const { pushFiles } = await import("../../artifacts/package/push-files.ts");
    const { log, progress, registry } = await openContext(flags);
    const reference = parseReference(ref);
    const request = {
      type: flags.type,
      version: flags.version,
      name: flags.name,
      platforms: flags.platform,
      dependencies: flags["depends-on"],
      requirements: flags.requires,
      tags: flags.tag,
      floatingTags: flags["add-floating-tags"],
      source: flags["annotation-source"],
    };
    const tools = { log, onProgress: progress.show };
    const root = await pushFiles(Repository.of(reference, registry), reference, files, request, tools);
    log("info", "Artifact pushed", { ref, digest: root.digest });
    return 0;
  },
});
