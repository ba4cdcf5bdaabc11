import { command } from "../command.ts";
import { json, out, table } from "../print.ts";
import { commonFlags, jsonFlag, typeFlag } from "./flags.ts";

export const search = command({
  name: "search",
  summary: "Search the indexes for artifacts",
  description:
    "Finds artifacts whose name is like one of the words, or whose keywords contain one; best first.",
  examples: ["falco artifact search kubernetes", "falco artifact search cloudtrial --type plugin"],
  flags: {
    ...commonFlags,
    ...jsonFlag,
    ...typeFlag,
    "min-score": {
      type: "string",
      value: "NUMBER",
      help: "How like a name must be, from 0 to 1",
      default: "0.65",
    },
  },
  positionals: [{ name: "KEYWORD", help: "What to look for", repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { parseMinScore, searchArtifacts } = await import("../../artifacts/index/search.ts");
    const minScore = parseMinScore(flags["min-score"]);
    const { indexes } = await openContext(flags);
    const catalog = await indexes.catalog({ partial: true });
    const hits = searchArtifacts(catalog, positionals, {
      minScore,
      type: flags.type as "plugin" | undefined,
    });
    const rows = hits.map(({ index, entry }) => ({
      index,
      artifact: entry.name,
      type: entry.type,
      registry: entry.registry,
      repository: entry.repository,
    }));
    if (flags.json) json(rows);
    else
      out(
        table(
          ["index", "artifact", "type", "registry", "repository"],
          rows.map((row) => Object.values(row)),
        ),
      );
    return 0;
  },
});
