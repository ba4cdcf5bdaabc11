import { accessSync, constants, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLocks } from "../files/with-locks.ts";
import type { Catalog } from "../index/catalog.ts";
import type { Log } from "../log.ts";
import type { Platform } from "../oci/manifest.ts";
import { formatReference } from "../oci/reference.ts";
import type { RegistryOptions } from "../oci/registry-client.ts";
import type { ArtifactConfig } from "../package/artifact-config.ts";
import type { ArtifactType } from "../package/artifact-type.ts";
import { verifySignature } from "../signature/verify-signature.ts";
import type { ExtractLimits } from "./extract.ts";
import { type Found, findArtifacts } from "./find-artifacts.ts";
import { inParallel } from "./in-parallel.ts";
import { placeArtifacts } from "./place-artifacts.ts";
import { checkWritable } from "./place-files.ts";
import type { InstalledArtifact } from "./state.ts";

export interface InstallOptions {
  readonly catalog: Catalog;
  readonly registry: RegistryOptions;
  readonly directories: Readonly<Record<ArtifactType, string>>;
  readonly stateDir: string;
  readonly platform: Platform;
  readonly resolveDeps: boolean;
  /** Empty: all. */
  readonly allowedTypes: readonly string[];
  readonly noVerify: boolean;
  readonly trustedRoot?: string | undefined;
  readonly tmpDir?: string | undefined;
  readonly limits?: ExtractLimits;
  /** Asked for each artifact, dependencies too, before anything is downloaded; throws to refuse it. */
  readonly accept?: (config: ArtifactConfig) => void;
  readonly log: Log;
  readonly onProgress?: (title: string, done: number, size: number) => void;
}

/** What became of one artifact. */
export interface InstallResult {
  readonly record: InstalledArtifact;
  /** Paths whose content changed; empty when everything was in place already. */
  readonly changed: readonly string[];
}

/**
 * Installs artifacts with what they depend on. Everything is looked up and checked first (types, directories), then
 * downloaded, verified and unpacked beside its destination, and only when all of that went well put in place.
 */
export async function installArtifacts(
  refs: readonly string[],
  options: InstallOptions,
): Promise<InstallResult[]> {
  const found = await findArtifacts(refs, options);
  for (const type of new Set(found.map(({ artifact }) => artifact.type)))
    await checkWritable(options.directories[type]);
  const work = await workDirectory(options);
  const targets = new Set(found.map(({ artifact }) => options.directories[artifact.type]));
  const locks = [work.path, ...[...targets].sort()].map((directory) =>
    join(directory, ".falco-install.lock"),
  );
  try {
    return await withLocks(locks, async () => {
      const archives = await inParallel(found, (item) => download(item, work.path, options));
      return placeArtifacts(found, archives, options);
    });
  } finally {
    if (work.temporary) await rm(work.path, { recursive: true, force: true });
  }
}

/** Downloads go below the state directory, where a later attempt can continue them; else to a temporary one. */
async function workDirectory({
  stateDir,
  tmpDir,
}: InstallOptions): Promise<{ path: string; temporary: boolean }> {
  const kept = join(stateDir, ".falcoctl", "downloads");
  if (tmpDir === undefined) {
    try {
      mkdirSync(kept, { recursive: true, mode: 0o700 });
      accessSync(kept, constants.W_OK);
      return { path: kept, temporary: false };
    } catch {
      // No place to keep things; the records will say so in their turn.
    }
  }
  return { path: await mkdtemp(join(tmpDir ?? tmpdir(), "falco-")), temporary: true };
}

/** Fetches and verifies one archive; returns its path. */
async function download(item: Found, directory: string, options: InstallOptions): Promise<string> {
  const { artifact, located } = item;
  if (located.signature && !options.noVerify) {
    await verifySignature(artifact.repository, artifact.rootDigest, located.signature, options);
    options.log("info", "Signature verified", {
      ref: formatReference(artifact.reference),
      digest: artifact.rootDigest,
    });
  } else if (located.signature) {
    options.log("warn", "Signature not checked, as asked with --no-verify", {
      ref: formatReference(artifact.reference),
    });
  }
  const file = join(directory, `${artifact.layer.digest.replace(":", "-")}.tar.gz`);
  const onProgress = (done: number, size: number): void => options.onProgress?.(artifact.title, done, size);
  await artifact.repository.download(artifact.layer, file, { onProgress });
  return file;
}
