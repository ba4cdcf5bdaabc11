import { commonFlags, jsonFlag } from "../artifact/flags.ts";
import { command } from "../command.ts";
import { json, out, table } from "../print.ts";

export const list = command({
  name: "list",
  summary: "List the indexes, first the one that counts most",
  examples: ["falco index list", "falco index list --json"],
  flags: { ...commonFlags, ...jsonFlag },
  run: async ({ flags }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { shownIndexUrl } = await import("../../artifacts/index/fetch-index.ts");
    const { indexes } = await openContext(flags);
    const rows = indexes.sources.map((s) => ({
      name: s.name,
      url: shownIndexUrl(s.url),
      added: s.added,
      updated: s.updated,
    }));
    if (flags.json) json(rows);
    else
      out(
        table(
          ["name", "url", "added", "updated"],
          rows.map((row) => Object.values(row)),
        ),
      );
    return 0;
  },
});
