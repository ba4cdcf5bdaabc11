import { existsSync } from "node:fs";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { withLocks } from "../files/with-locks.ts";
import { removeFiles } from "./place-files.ts";
import { forgetInstalled, type InstalledArtifact, listInstalled } from "./state.ts";

/** Removes installed artifacts, named as they were installed: by name, or by reference with or without its tag. */
export async function removeArtifacts(
  names: readonly string[],
  stateDir: string,
): Promise<InstalledArtifact[]> {
  const installed = listInstalled(stateDir);
  const chosen = names.map((name) => {
    const record = installed.find((item) => answersTo(item, name));
    if (record) return record;
    const known = installed.flatMap((item) => [item.name ?? item.ref]);
    const near = nearest(name, known);
    const hint = near ? `did you mean "${near}"?` : 'see "falco artifact list --installed"';
    throw new FalcoError("ARTIFACT_UNKNOWN", `Cannot remove "${name}": it is not installed`, { hint });
  });
  for (const record of chosen) {
    const { directory, files } = record;
    if (!directory || !files) {
      throw new FalcoError(
        "INSTALL",
        `Cannot remove ${record.ref}: falcoctl installed it, and did not note its files`,
        {
          hint: `install it again with "falco artifact install ${record.ref}", then remove it`,
        },
      );
    }
    if (existsSync(directory)) {
      // A file that another artifact brought as well stays for that one.
      const shared = new Set(
        listInstalled(stateDir).flatMap((o) =>
          o.ref !== record.ref && o.directory === directory ? (o.files ?? []) : [],
        ),
      );
      const own = files.filter((file) => !shared.has(file));
      await withLocks([join(directory, ".falco-install.lock")], () => removeFiles(directory, own));
    }
    await forgetInstalled(stateDir, record.ref);
  }
  return chosen;
}

const answersTo = (record: InstalledArtifact, name: string): boolean =>
  record.ref === name || record.name === name || record.ref.replace(/(:[^/:@]+)?(@[^@]+)?$/, "") === name;
