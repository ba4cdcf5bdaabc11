import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type TarEntry, tar } from "./tar.ts";

/** One platform's image. */
export interface ImageContent {
  readonly architecture: "amd64" | "arm64";
  readonly files: readonly TarEntry[];
  readonly entrypoint: readonly string[];
  /** Folders that other containers can mount from one of this image. */
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const MEDIA = "application/vnd.oci.image";
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const blobPath = (digest: string): string => `blobs/sha256/${digest.slice("sha256:".length)}`;

/**
 * An OCI image layout (image-spec 1.0) in a tar, one manifest for each platform. `tag` names the image for
 * OCI tools; the first platform is also listed as a docker archive, for versions of `docker load` that
 * know only that.
 */
export function ociLayout(images: readonly ImageContent[], tag: string, created: Date): Buffer {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const document = (mediaType: string, value: unknown) => add(mediaType, Buffer.from(JSON.stringify(value)));

  const built = images.map((image) => {
    const plain = tar(image.files, created);
    const layer = add(`${MEDIA}.layer.v1.tar+gzip`, gzipSync(plain, { level: 6 }));
    const config = document(`${MEDIA}.config.v1+json`, {
      created: created.toISOString(),
      architecture: image.architecture,
      os: "linux",
      config: {
        Entrypoint: image.entrypoint,
        Env: ["PATH=/usr/bin"],
        Labels: image.labels,
        Volumes: Object.fromEntries(image.volumes.map((path) => [path, {}])),
        WorkingDir: "/",
      },
      rootfs: { type: "layers", diff_ids: [digestOf(plain)] },
      history: [{ created: created.toISOString(), created_by: "falco: tests/build/image.ts" }],
    });
    const manifest = document(`${MEDIA}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config,
      layers: [layer],
    });
    return {
      layer,
      config,
      manifest: { ...manifest, platform: { os: "linux", architecture: image.architecture } },
    };
  });

  const names = {
    "org.opencontainers.image.ref.name": tag.split(":")[1] ?? tag,
    "io.containerd.image.name": `docker.io/library/${tag}`,
  };
  const only = built.length === 1 ? built[0]!.manifest : undefined;
  const target = only ?? document(`${MEDIA}.index.v1+json`, imageIndex(built.map((one) => one.manifest)));
  const first = built[0]!;
  const dockerArchive = [
    { Config: blobPath(first.config.digest), RepoTags: [tag], Layers: [blobPath(first.layer.digest)] },
  ];
  const text = (path: string, value: unknown): TarEntry => ({
    path,
    mode: 0o644,
    content: Buffer.from(JSON.stringify(value)),
  });
  return tar(
    [
      text("oci-layout", { imageLayoutVersion: "1.0.0" }),
      text("index.json", imageIndex([{ ...target, annotations: names }])),
      text("manifest.json", dockerArchive),
      { path: "blobs/", mode: 0o755 },
      { path: "blobs/sha256/", mode: 0o755 },
      ...[...blobs].map(([digest, content]) => ({ path: blobPath(digest), mode: 0o644, content })),
    ],
    created,
  );
}

const imageIndex = (manifests: readonly object[]) => ({
  schemaVersion: 2,
  mediaType: `${MEDIA}.index.v1+json`,
  manifests,
});
