import { join } from "node:path";
import type { Platform } from "../oci/manifest.ts";
import type { Reference } from "../oci/reference.ts";
import type { Repository } from "../oci/repository.ts";
import type { ArtifactType } from "./artifact-type.ts";
import { lookupArtifact } from "./remote-artifact.ts";

export interface PulledArtifact {
  readonly file: string;
  readonly type: ArtifactType;
  /** Digest of what the reference pointed at. */
  readonly digest: string;
}

/** Downloads an artifact's archive into a directory, under the archive's own name; nothing is unpacked. */
export async function pullArtifact(
  repository: Repository,
  reference: Reference,
  platform: Platform,
  directory: string,
  onProgress?: (title: string, done: number, size: number) => void,
): Promise<PulledArtifact> {
  const artifact = await lookupArtifact(repository, reference, platform);
  const file = join(directory, artifact.title);
  await artifact.repository.download(artifact.layer, file, {
    onProgress: (done, size) => onProgress?.(artifact.title, done, size),
  });
  return { file, type: artifact.type, digest: artifact.rootDigest };
}
