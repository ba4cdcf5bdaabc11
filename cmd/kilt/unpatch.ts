import { command } from "../command.ts";
import { err, json, out } from "../print.ts";
import { kubectlFlags, podFlags } from "./pod-flags.ts";

export const unpatch = command({
  name: "unpatch",
  summary: "Undo a patch of a running pod",
  description:
    "Ends the programs that were started, removes what was uploaded, and puts back what stood there.",
  examples: ["falco kilt unpatch pod/web", "falco kilt unpatch pod/web -c app --dry-run"],
  positionals: [{ name: "POD", help: "pod/NAME" }],
  flags: podFlags,
  run: async ({ flags, positionals }) => {
    const { Kubectl } = await import("../../kilt/pod/kubectl.ts");
    const { unpatchRunning } = await import("../../kilt/pod/patch-running.ts");
    const { podName } = await import("../../kilt/pod/running-pod.ts");
    const isQuiet = flags.json || (!process.stderr.isTTY && !flags["dry-run"]);
    const { container, outcome, record } = await unpatchRunning(
      new Kubectl(kubectlFlags(flags), flags.kubectl),
      {
        pod: podName(positionals[0]!),
        dryRun: flags["dry-run"],
        agent: { image: flags["agent-image"], profile: flags.profile },
        progress: isQuiet ? () => {} : err,
        ...(flags.container ? { container: flags.container } : {}),
      },
    );
    if (flags.json)
      json({ container, outcome, files: record?.files ?? [], processes: record?.processes ?? [] });
    else out(`${positionals[0]} container ${container}: ${outcome}`);
    return 0;
  },
});
