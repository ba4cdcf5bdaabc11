import type { UploadOptions } from "./blob-upload.ts";
import type { Descriptor } from "./manifest.ts";

/** Somewhere artifacts can be written to: a repository of a registry, or an image layout in a directory. */
export interface Target {
  putBlob(
    blob: Descriptor,
    content: Blob,
    options?: UploadOptions,
  ): Promise<"present" | "mounted" | "uploaded">;
  /** `reference` is a tag or the manifest's digest. */
  putManifest(reference: string, mediaType: string, bytes: Uint8Array): Promise<Descriptor>;
}
