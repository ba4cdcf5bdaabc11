import { command } from "../command.ts";
import { json, out, table } from "../print.ts";
import { commonFlags, jsonFlag, typeFlag } from "./flags.ts";

export const list = command({
  name: "list",
  summary: "List the artifacts of the indexes, or those installed",
  examples: ["falco artifact list --type plugin", "falco artifact list --installed --json"],
  flags: {
    ...commonFlags,
    ...jsonFlag,
    ...typeFlag,
    index: { type: "string", value: "NAME", help: "Only artifacts of this index" },
    installed: { type: "boolean", help: "List what is installed" },
    "state-dir": {
      type: "string",
      value: "DIR",
      help: "Where installations are noted (default /var/lib/falcoctl)",
    },
  },
  run: async ({ flags }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { installedRows, listedRows } = await import("../../artifacts/install/list-rows.ts");
    const { indexes, settings } = await openContext(flags);
    const rows = flags.installed
      ? installedRows(settings.installStateDir, flags.type)
      : listedRows(await indexes.catalog({ partial: true }), flags.type, flags.index);
    if (flags.json) json(rows);
    else if (flags.installed) {
      const texts = (rows as ReturnType<typeof installedRows>).map((r) => [
        r.artifact,
        r.version,
        r.type,
        r.ref,
        r.directory,
        r.digest,
      ]);
      out(table(["artifact", "version", "type", "ref", "directory", "digest"], texts));
    } else
      out(
        table(
          ["index", "artifact", "type", "registry", "repository"],
          rows.map((row) => Object.values(row).map(String)),
        ),
      );
    return 0;
  },
});
