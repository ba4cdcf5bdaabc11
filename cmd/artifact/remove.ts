import { command } from "../command.ts";
import { commonFlags } from "./flags.ts";

export const remove = command({
  name: "remove",
  summary: "Remove installed artifacts",
  examples: ["falco artifact remove k8saudit-rules"],
  flags: {
    ...commonFlags,
    "state-dir": {
      type: "string",
      value: "DIR",
      help: "Where installations are noted (default /var/lib/falcoctl)",
    },
  },
  positionals: [{ name: "REF", help: "Name or reference it was installed by", repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { removeArtifacts } = await import("../../artifacts/install/remove-artifacts.ts");
    const { log, settings } = await openContext(flags);
    for (const { directory = "", files = [], ref } of await removeArtifacts(
      positionals,
      settings.installStateDir,
    )) {
      log("info", "Artifact removed", { ref, directory, files: files.join(", ") });
    }
    return 0;
  },
});
