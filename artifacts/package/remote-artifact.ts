import { FalcoError } from "../../core/errors.ts";
import type { Descriptor, Manifest, Platform } from "../oci/manifest.ts";
import { selectPlatform } from "../oci/platform.ts";
import { formatReference, type Reference, target, withDefaultTag } from "../oci/reference.ts";
import type { Repository } from "../oci/repository.ts";
import { type ArtifactConfig, decodeConfig } from "./artifact-config.ts";
import { type ArtifactType, typeNames, typeOfLayer } from "./artifact-type.ts";

const configLimit = 1 << 20;

/** An artifact as it lies in a registry, looked up for one platform; nothing of its content is fetched yet. */
export interface RemoteArtifact {
  readonly repository: Repository;
  readonly reference: Reference;
  /** What the tag pointed at when it was looked up: the index over platforms, or the manifest. */
  readonly rootDigest: string;
  readonly manifestDigest: string;
  readonly manifestBytes: Uint8Array;
  readonly type: ArtifactType;
  readonly layer: Descriptor;
  readonly configDescriptor: Descriptor;
  /** The layer's file name. */
  readonly title: string;
}

/** Looks an artifact up. Throws when it has nothing for the platform or is no artifact of Falco. */
export async function lookupArtifact(
  repository: Repository,
  wanted: Reference,
  platform: Platform,
): Promise<RemoteArtifact> {
  const reference = withDefaultTag(wanted);
  const from = formatReference(reference);
  const root = await repository.manifest(target(reference));
  let found = root;
  if (root.content.kind === "index") {
    found = await repository.manifest(selectPlatform(root.content, platform, from).digest);
  }
  if (found.content.kind !== "manifest") {
    throw new FalcoError("OCI_MANIFEST", `Cannot use ${from}: its index points at another index`);
  }
  const { layer, type } = onlyLayer(found.content, from);
  const title = layer.annotations?.["org.opencontainers.image.title"] ?? "";
  return {
    repository,
    reference,
    rootDigest: root.descriptor.digest,
    manifestDigest: found.descriptor.digest,
    manifestBytes: found.bytes,
    type,
    layer,
    configDescriptor: found.content.config,
    // A title is a file's name; one that could lead elsewhere is not used.
    title: /^[^/\\\0]{1,255}$/.test(title) && title !== "." && title !== ".." ? title : "artifact.tar.gz",
  };
}

function onlyLayer({ layers }: Manifest, from: string): { layer: Descriptor; type: ArtifactType } {
  const layer = layers[0];
  if (!layer || layers.length !== 1) {
    throw new FalcoError(
      "ARTIFACT_TYPE",
      `Cannot use ${from}: it has ${layers.length} layers where an artifact has one`,
    );
  }
  const type = typeOfLayer(layer.mediaType);
  if (type) return { layer, type };
  throw new FalcoError(
    "ARTIFACT_TYPE",
    `Cannot use ${from}: its layer is "${layer.mediaType.slice(0, 100)}"`,
    {
      hint: `only artifacts of type ${typeNames.join(", ")} can be used`,
    },
  );
}

/** The raw config blob, at most 1 MiB. */
export const configBytes = (artifact: RemoteArtifact): Promise<Uint8Array> =>
  artifact.repository.readBlob(artifact.configDescriptor, configLimit);

export async function configOf(artifact: RemoteArtifact): Promise<ArtifactConfig> {
  return decodeConfig(await configBytes(artifact), formatReference(artifact.reference));
}
