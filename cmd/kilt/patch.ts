import { command } from "../command.ts";
import { err, json, out } from "../print.ts";
import { kubectlFlags, podFlags } from "./pod-flags.ts";
import { recipeFlag } from "./target-flags.ts";

export const patch = command({
  name: "patch",
  summary: "Patch a running pod: upload files, start programs",
  description:
    "Does what the definition's runtime section says, by the local kubectl: through the container's shell,\n" +
    "or where it has none through falco in an ephemeral container beside it. Doing it again does nothing.",
  examples: [
    "falco kilt patch pod/web --definition debug.kilt.cfg",
    "falco kilt patch pod/web -n shop -c app --definition d --dry-run",
  ],
  positionals: [{ name: "POD", help: "pod/NAME" }],
  flags: {
    ...podFlags,
    definition: {
      type: "string",
      value: "FILE",
      help: 'Definition with a runtime section; "falco" is the embedded one',
      default: "falco",
    },
    "recipe-config": recipeFlag,
  },
  run: async ({ flags, positionals }) => {
    const { dirname, resolve } = await import("node:path");
    const { loadDefinition } = await import("../../kilt/definition.ts");
    const { Kubectl } = await import("../../kilt/pod/kubectl.ts");
    const { patchRunning } = await import("../../kilt/pod/patch-running.ts");
    const { podName } = await import("../../kilt/pod/running-pod.ts");
    const isQuiet = flags.json || (!process.stderr.isTTY && !flags["dry-run"]);
    const result = await patchRunning(new Kubectl(kubectlFlags(flags), flags.kubectl), {
      pod: podName(positionals[0]!),
      definition: loadDefinition(flags.definition, flags["recipe-config"]),
      folder: dirname(resolve(flags.definition)),
      dryRun: flags["dry-run"],
      agent: { image: flags["agent-image"], profile: flags.profile },
      env: process.env,
      progress: isQuiet ? () => {} : err,
      ...(flags.container ? { container: flags.container } : {}),
    });
    if (flags.json) json(result);
    else out(`${positionals[0]} container ${result.container}: ${result.outcome}`);
    return 0;
  },
});
