import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../files/write-atomically.ts";
import { isDigest, parseDigest, sha256 } from "./digest.ts";
import type { Descriptor } from "./manifest.ts";
import type { Target } from "./target.ts";

const refName = "org.opencontainers.image.ref.name";

interface LayoutIndex {
  readonly schemaVersion: 2;
  readonly mediaType: "application/vnd.oci.image.index.v1+json";
  readonly manifests: readonly Descriptor[];
}

/** An OCI image layout in a directory: what `skopeo copy oci:DIR:TAG docker://…` takes. */
export class OciLayout implements Target {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async putBlob(blob: Descriptor, content: Blob): Promise<"present" | "uploaded"> {
    const path = this.#path(blob.digest);
    if (await Bun.file(path).exists()) return "present";
    await mkdir(join(path, ".."), { recursive: true });
    await Bun.write(path, content);
    return "uploaded";
  }

  async putManifest(reference: string, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
    await writeAtomically(this.#path(descriptor.digest), bytes);
    if (isDigest(reference)) return descriptor;
    const others = (await this.#index()).filter((d) => d.annotations?.[refName] !== reference);
    const index: LayoutIndex = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [...others, { ...descriptor, annotations: { [refName]: reference } }],
    };
    await writeAtomically(
      join(this.directory, "oci-layout"),
      JSON.stringify({ imageLayoutVersion: "1.0.0" }),
    );
    await writeAtomically(join(this.directory, "index.json"), JSON.stringify(index));
    return descriptor;
  }

  async #index(): Promise<readonly Descriptor[]> {
    const path = join(this.directory, "index.json");
    if (!(await Bun.file(path).exists())) return [];
    return (JSON.parse(await readFile(path, "utf8")) as LayoutIndex).manifests;
  }

  #path(digest: string): string {
    const { algorithm, hex } = parseDigest(digest);
    return join(this.directory, "blobs", algorithm, hex);
  }
}
