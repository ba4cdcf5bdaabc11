import { FalcoError } from "../../core/errors.ts";
import { sha256 } from "../oci/digest.ts";
import { type Descriptor, mediaTypes, type Platform } from "../oci/manifest.ts";
import type { Target } from "../oci/target.ts";
import { type ArtifactConfig, encodeConfig } from "./artifact-config.ts";
import { type ArtifactType, artifactTypes } from "./artifact-type.ts";
import type { PackedLayer } from "./pack.ts";

export interface ArtifactParts {
  readonly type: ArtifactType;
  readonly config: ArtifactConfig;
  /** One, or for plugins one per platform. */
  readonly layers: readonly { readonly layer: PackedLayer; readonly platform?: Platform }[];
  /** The first is pushed, the others then point at the same. */
  readonly tags: readonly string[];
  /** Where its source is (org.opencontainers.image.source). */
  readonly source?: string;
  readonly onProgress?: (title: string, done: number, size: number) => void;
}

const titleAnnotation = "org.opencontainers.image.title";
const sourceAnnotation = "org.opencontainers.image.source";
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Writes an artifact: blobs first, then manifests, then the index over platforms, and the tags last. Returns the root. */
export async function pushArtifact(target: Target, parts: ArtifactParts): Promise<Descriptor> {
  checkParts(parts);
  const configBytes = encodeConfig(parts.config);
  // No annotations on the config's descriptor: some registries refuse manifests that have them there.
  const config = {
    mediaType: artifactTypes[parts.type].config,
    digest: sha256(configBytes),
    size: configBytes.length,
  };
  await target.putBlob(config, new Blob([configBytes]));
  const annotations = parts.source ? { annotations: { [sourceAnnotation]: parts.source } } : {};
  const manifests: { bytes: Uint8Array; platform: Platform | undefined }[] = [];
  for (const { layer, platform } of parts.layers) {
    const descriptor = {
      mediaType: artifactTypes[parts.type].layer,
      digest: layer.digest,
      size: layer.size,
      annotations: { [titleAnnotation]: layer.title },
    };
    const onProgress = (done: number, size: number): void => parts.onProgress?.(layer.title, done, size);
    await target.putBlob(descriptor, Bun.file(layer.file), { onProgress });
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: [descriptor],
      ...annotations,
    };
    manifests.push({ bytes: json(manifest), platform });
  }
  const [only] = manifests;
  if (manifests.length === 1 && only && !only.platform)
    return tagAll(target, parts.tags, mediaTypes.manifest, only.bytes);
  const listed: Descriptor[] = [];
  for (const { bytes, platform } of manifests) {
    const descriptor = await target.putManifest(sha256(bytes), mediaTypes.manifest, bytes);
    listed.push({ ...descriptor, ...(platform && { platform }) });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: listed, ...annotations };
  return tagAll(target, parts.tags, mediaTypes.index, json(index));
}

async function tagAll(
  target: Target,
  tags: readonly string[],
  mediaType: string,
  bytes: Uint8Array,
): Promise<Descriptor> {
  let root: Descriptor | undefined;
  for (const tag of new Set(tags)) root = await target.putManifest(tag, mediaType, bytes);
  return root ?? target.putManifest(sha256(bytes), mediaType, bytes);
}

function checkParts({ type, layers }: ArtifactParts): void {
  if (layers.length === 0) throw new FalcoError("USAGE", "Cannot push an artifact: no file given");
  if (type !== "plugin" && layers.length !== 1) {
    throw new FalcoError(
      "USAGE",
      `Cannot push ${layers.length} files as one ${type}: it consists of one file`,
      {
        hint: "give a directory, or an archive that holds them",
      },
    );
  }
  if (layers.length > 1 && layers.some(({ platform }) => !platform)) {
    throw new FalcoError(
      "USAGE",
      `Cannot push ${layers.length} files as one plugin: not each has a platform`,
      {
        hint: "give --platform OS/ARCH once per file, in the order of the files",
      },
    );
  }
  const names = layers.map(({ platform }) => JSON.stringify(platform));
  if (new Set(names).size !== names.length)
    throw new FalcoError("USAGE", "Cannot push a plugin: a platform is given twice");
}
