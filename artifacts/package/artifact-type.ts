import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";

/** The kinds of artifacts, with the media types that registries hold them under. */
export const artifactTypes = {
  rulesfile: {
    config: "application/vnd.cncf.falco.rulesfile.config.v1+json",
    layer: "application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz",
  },
  plugin: {
    config: "application/vnd.cncf.falco.plugin.config.v1+json",
    layer: "application/vnd.cncf.falco.plugin.layer.v1+tar.gz",
  },
  asset: {
    config: "application/vnd.cncf.falco.asset.config.v1+json",
    layer: "application/vnd.cncf.falco.asset.layer.v1+tar.gz",
  },
} as const;

export type ArtifactType = keyof typeof artifactTypes;

export const typeNames = Object.keys(artifactTypes) as ArtifactType[];

export const isArtifactType = (text: string): text is ArtifactType => Object.hasOwn(artifactTypes, text);

export function parseArtifactType(text: string): ArtifactType {
  if (isArtifactType(text)) return text;
  const near = nearest(text, typeNames);
  throw new FalcoError("ARTIFACT_TYPE", `Cannot use artifact type "${text}": there is no such type`, {
    hint: near ? `did you mean "${near}"?` : `use one of ${typeNames.join(", ")}`,
  });
}

/** The artifact type whose layer has this media type. */
export const typeOfLayer = (mediaType: string): ArtifactType | undefined =>
  typeNames.find((type) => artifactTypes[type].layer === mediaType);
