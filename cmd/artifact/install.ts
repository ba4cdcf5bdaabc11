import { command } from "../command.ts";
import { json } from "../print.ts";
import { installFlags, jsonFlag, platformFlag, refsArgument, resolveDepsFlag } from "./flags.ts";

export const install = command({
  name: "install",
  summary: "Install artifacts and what they depend on",
  description:
    "Installs what is named, or else artifact.install.refs of the configuration. Everything is downloaded and verified " +
    "before anything is put in place; whatever happens, either the old files are there or the new ones.",
  examples: [
    "falco artifact install k8saudit-rules",
    "falco artifact install k8saudit-rules:0.5",
    "falco artifact install ghcr.io/falcosecurity/plugins/plugin/cloudtrail:latest",
  ],
  flags: { ...installFlags, ...platformFlag, ...resolveDepsFlag, ...jsonFlag },
  positionals: [{ ...refsArgument, optional: true, repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { chosenRefs } = await import("../../artifacts/install/chosen-refs.ts");
    const { installArtifacts } = await import("../../artifacts/install/install-artifacts.ts");
    const { installOptions } = await import("../../artifacts/install/install-options.ts");
    const { openCatalog } = await import("../../artifacts/install/open-catalog.ts");
    const context = await openContext(flags);
    const refs = chosenRefs(positionals, context.settings.installRefs, "install");
    const catalog = await openCatalog(context.indexes, refs, context.log);
    const results = await installArtifacts(refs, installOptions(context, catalog, flags.platform));
    if (flags.json) json(results.map(({ record, changed }) => ({ ...record, changed })));
    return 0;
  },
});
