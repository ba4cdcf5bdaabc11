import { rm } from "node:fs/promises";
import { reasonOf } from "../../core/errors.ts";
import { formatReference } from "../oci/reference.ts";
import type { ArtifactType } from "../package/artifact-type.ts";
import { defaultLimits, extractArchive } from "./extract.ts";
import type { Found } from "./find-artifacts.ts";
import type { InstallOptions, InstallResult } from "./install-artifacts.ts";
import { discardStaging, openStaging, placeFiles, recover, type Staging } from "./place-files.ts";
import {
  findInstalled,
  forgetInstalled,
  type InstalledArtifact,
  listInstalled,
  writeInstalled,
} from "./state.ts";

/** An engine that watches its rules must find the plugins they need when it sees them. */
const order: readonly ArtifactType[] = ["asset", "plugin", "rulesfile"];

/**
 * Unpacks all archives beside their destinations, then puts the artifacts in place one after the other. Call it while
 * holding the locks of the directories.
 */
export async function placeArtifacts(
  found: readonly Found[],
  archives: readonly string[],
  options: InstallOptions,
): Promise<InstallResult[]> {
  const directoryOf = (item: Found): string => options.directories[item.artifact.type];
  for (const directory of new Set(found.map(directoryOf))) await recover(directory);
  const staged: { item: Found; staging: Staging; files: readonly string[] }[] = [];
  const results: InstallResult[] = [];
  const open: Staging[] = [];
  try {
    for (const [i, item] of found.entries()) {
      const staging = await openStaging(directoryOf(item));
      open.push(staging);
      const files = await extractArchive(archives[i]!, staging.fresh, options.limits ?? defaultLimits);
      staged.push({ item, staging, files });
    }
    for (const archive of new Set(archives)) await rm(archive, { force: true });
    staged.sort((a, b) => order.indexOf(a.item.artifact.type) - order.indexOf(b.item.artifact.type));
    for (const { item, staging, files } of staged) results.push(await place(item, staging, files, options));
  } finally {
    for (const staging of open) await discardStaging(staging);
  }
  return results;
}

async function place(
  item: Found,
  staging: Staging,
  files: readonly string[],
  options: InstallOptions,
): Promise<InstallResult> {
  const { artifact, name, version } = item;
  const directory = options.directories[artifact.type];
  const ref = formatReference(artifact.reference);
  const former = formerRecords(item, ref, directory, options.stateDir);
  const changed = await placeFiles(
    directory,
    staging,
    files,
    former.flatMap((record) => record.files ?? []),
  );
  const record: InstalledArtifact = {
    ref,
    digest: artifact.rootDigest,
    updatedAt: new Date().toISOString(),
    name,
    version: version.version,
    type: artifact.type,
    directory,
    files,
  };
  try {
    for (const old of former) if (old.ref !== ref) await forgetInstalled(options.stateDir, old.ref);
    await writeInstalled(options.stateDir, record);
  } catch (error) {
    options.log("warn", `Cannot remember what was installed in ${options.stateDir}: ${reasonOf(error)}`, {
      ref,
    });
  }
  options.log("info", "Artifact installed", {
    ref,
    type: artifact.type,
    digest: artifact.rootDigest,
    directory,
  });
  return { record, changed };
}

/** Records of what this replaces: the same reference, or the same artifact under another tag, in the same directory. */
function formerRecords(item: Found, ref: string, directory: string, stateDir: string): InstalledArtifact[] {
  const { type } = item.artifact;
  const same = listInstalled(stateDir).filter(
    (record) => record.name === item.name && record.type === type && record.directory === directory,
  );
  const byRef = findInstalled(stateDir, ref);
  return byRef && byRef.directory === directory && !same.some((record) => record.ref === ref)
    ? [...same, byRef]
    : same;
}
