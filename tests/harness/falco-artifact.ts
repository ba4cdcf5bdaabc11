import { tarGz } from "./tar-archive.ts";

/** Where an artifact is put: a registry in memory. */
interface Store {
  blob(bytes: Uint8Array | string): string;
  manifest(json: object, ...tags: string[]): string;
}

export interface FalcoArtifact {
  readonly type: "rulesfile" | "plugin" | "asset";
  readonly name: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
  readonly dependencies?: readonly object[];
  readonly requirements?: readonly object[];
  /** For plugins: content per `os/arch`; `files` serves for those given as undefined. */
  readonly platforms?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly tags: readonly string[];
  /** Changes the layer's descriptor or archive before it is stored. */
  readonly archive?: Uint8Array;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/**
 * Lays an artifact out by hand, as the existing tools do: a config blob and one gzip-tar layer per manifest, their media
 * types by the artifact's type, an index over platforms for plugins. Shares no code with the program. Returns the root digest.
 */
export function pushFalcoArtifact(store: Store, artifact: FalcoArtifact): string {
  const base = `application/vnd.cncf.falco.${artifact.type}`;
  const { dependencies, name, requirements, version } = artifact;
  const config = JSON.stringify({
    name,
    version,
    ...(dependencies && { dependencies }),
    ...(requirements && { requirements }),
  });
  const manifestOf = (files: Readonly<Record<string, string>>): object => {
    const layer =
      artifact.archive ??
      tarGz(Object.entries(files).map(([file, content]) => ({ name: file, content, mode: 0o755 })));
    return {
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: `${base}.config.v1+json`, digest: store.blob(config), size: config.length },
      layers: [
        {
          mediaType: `${base}.layer.v1+tar.gz`,
          digest: store.blob(layer),
          size: layer.length,
          annotations: { "org.opencontainers.image.title": `${name}.tar.gz` },
        },
      ],
    };
  };
  if (!artifact.platforms) return store.manifest(manifestOf(artifact.files), ...artifact.tags);
  const manifests = Object.entries(artifact.platforms).map(([platform, files]) => {
    const manifest = manifestOf(files);
    const [os, architecture] = platform.split("/");
    const size = JSON.stringify(manifest).length;
    return {
      mediaType: manifestType,
      digest: store.manifest(manifest),
      size,
      platform: { os, architecture },
    };
  });
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  return store.manifest(index, ...artifact.tags);
}
