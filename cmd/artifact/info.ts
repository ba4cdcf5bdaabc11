import { command } from "../command.ts";
import { json, out, table } from "../print.ts";
import { jsonFlag, refsArgument, registryFlags, typeFlag } from "./flags.ts";

export const info = command({
  name: "info",
  summary: "Show the tags that artifacts have",
  examples: [
    "falco artifact info k8saudit",
    "falco artifact info ghcr.io/falcosecurity/rules/falco-rules --json",
  ],
  flags: { ...registryFlags, ...jsonFlag, ...typeFlag },
  positionals: [{ ...refsArgument, repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { artifactTags } = await import("../../artifacts/package/artifact-tags.ts");
    const { indexes, log, registry } = await openContext(flags);
    const rows = await artifactTags(indexes, positionals, registry, flags.type, log);
    if (flags.json) json(rows);
    else if (rows.length > 0)
      out(
        table(
          ["ref", "tags"],
          rows.map(({ ref, tags }) => [ref, tags.join(", ")]),
        ),
      );
    return rows.length > 0 ? 0 : 1;
  },
});
