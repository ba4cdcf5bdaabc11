import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../files/write-atomically.ts";
import { type ArtifactType, isArtifactType } from "../package/artifact-type.ts";

/**
 * What is remembered of an installed artifact. The file is falcoctl's own (`ref`, `digest`, `updatedAt`) with more
 * members, so that either program knows what the other has installed.
 */
export interface InstalledArtifact {
  /** Complete reference, as in `ghcr.io/falcosecurity/rules/falco-rules:3`. */
  readonly ref: string;
  /** Digest of what the reference pointed at. */
  readonly digest: string;
  readonly updatedAt: string;
  /** The rest is absent from what falcoctl has written. */
  readonly name?: string;
  readonly version?: string;
  readonly type?: ArtifactType;
  readonly directory?: string;
  /** Relative to the directory. */
  readonly files?: readonly string[];
}

const folder = (stateDir: string): string => join(stateDir, ".falcoctl", "artifact-state");

const fileOf = (stateDir: string, ref: string): string =>
  join(folder(stateDir), `${new Bun.CryptoHasher("sha256").update(ref).digest("hex")}.json`);

/** What is installed, by reference. Files that can't be read as a record are passed over: they are a cache of facts. */
export function listInstalled(stateDir: string): InstalledArtifact[] {
  const dir = folder(stateDir);
  if (!existsSync(dir)) return [];
  const records = readdirSync(dir)
    .filter((name) => name.endsWith(".json"))
    .map((name) => readRecord(join(dir, name)));
  return records.filter((record) => record !== undefined).sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

export const findInstalled = (stateDir: string, ref: string): InstalledArtifact | undefined =>
  readRecord(fileOf(stateDir, ref));

function readRecord(path: string): InstalledArtifact | undefined {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (key: string): string | undefined => (typeof json?.[key] === "string" ? json[key] : undefined);
  const [ref, digest, name, version, type, directory] = [
    "ref",
    "digest",
    "name",
    "version",
    "type",
    "directory",
  ].map(text);
  if (!ref || !digest) return undefined;
  const files = Array.isArray(json["files"])
    ? json["files"].filter((file): file is string => isInside(file))
    : undefined;
  return {
    ref,
    digest,
    updatedAt: text("updatedAt") ?? "",
    ...(name && { name }),
    ...(version && { version }),
    ...(type && isArtifactType(type) && { type }),
    ...(directory && { directory }),
    ...(files && { files }),
  };
}

/** A path from a record is removed later: one that leads out of its directory never is. */
const isInside = (file: unknown): boolean =>
  typeof file === "string" && file !== "" && !file.startsWith("/") && !file.split("/").includes("..");

export const writeInstalled = (stateDir: string, record: InstalledArtifact): Promise<void> =>
  writeAtomically(fileOf(stateDir, record.ref), JSON.stringify(record), 0o600);

export const forgetInstalled = (stateDir: string, ref: string): Promise<void> =>
  rm(fileOf(stateDir, ref), { force: true });
