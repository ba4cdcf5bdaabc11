import { commonFlags } from "../artifact/flags.ts";
import { command } from "../command.ts";
import { out } from "../print.ts";

export const build = command({
  name: "build",
  summary: "Make an index from a folder of artifacts and print it",
  description:
    "Each subfolder with an artifact.yaml (the members of an index entry) becomes an entry. Of other subfolders and files, " +
    "those with a plugin (.so) or rules (.yaml) do, named after themselves.",
  examples: ["falco index build ./artifacts --prefix ghcr.io/me/falco > index.yaml"],
  flags: {
    ...commonFlags,
    prefix: {
      type: "string",
      value: "REGISTRY/PATH",
      help: "Where the artifacts are that do not say it themselves",
    },
  },
  positionals: [{ name: "DIR", help: "Folder with the artifacts" }],
  run: async ({ flags, positionals: [dir = "."] }) => {
    const { buildIndex } = await import("../../artifacts/index/build-index.ts");
    out(await buildIndex(dir, { prefix: flags.prefix }));
    return 0;
  },
});
