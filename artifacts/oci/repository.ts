import { FalcoError } from "../../core/errors.ts";
import { downloadBlob, readBlob, type TransferOptions } from "./blob-download.ts";
import { type UploadOptions, uploadBlob } from "./blob-upload.ts";
import { discard, readBody } from "./body.ts";
import { digestVerifier, isDigest, sha256 } from "./digest.ts";
import { type Descriptor, type ImageIndex, type Manifest, manifestTypes, parseManifest } from "./manifest.ts";
import type { Reference } from "./reference.ts";
import { addReferrer, listReferrers } from "./referrers.ts";
import { RegistryClient, type RegistryOptions } from "./registry-client.ts";
import type { Target } from "./target.ts";

/** The distribution spec obliges registries to take manifests of up to 4 MiB; nothing larger is read. */
const manifestLimit = 4 << 20;
const tagPageLimit = 1000;

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly content: Manifest | ImageIndex;
}

/** One repository of a registry: its manifests, tags, blobs and referrers. All that is read is verified by digest. */
export class Repository implements Target {
  readonly client: RegistryClient;
  readonly name: string;

  constructor(client: RegistryClient, name: string) {
    this.client = client;
    this.name = name;
  }

  static of(reference: Reference, options: RegistryOptions = {}): Repository {
    return new Repository(new RegistryClient(reference.registry, options), reference.repository);
  }

  get #at(): string {
    return `${this.client.registry}/${this.name}`;
  }

  /** Fetches a manifest or index by tag or digest, at most 4 MiB. */
  async manifest(reference: string, accept: readonly string[] = manifestTypes): Promise<FetchedManifest> {
    const from = nameOf(this.#at, reference);
    const headers = { accept: accept.join(", ") };
    const response = await this.client.request(`${this.name}/manifests/${reference}`, this.#pull, {
      headers,
    });
    if (!response.ok) throw await this.client.refusal(response, `Cannot get ${from}`);
    const mediaType = (response.headers.get("content-type") ?? "").split(";")[0]!.trim();
    const bytes = await readBody(
      response,
      manifestLimit,
      this.client.http.stallMs,
      `the manifest of ${from}`,
    );
    const promised = isDigest(reference) ? reference : response.headers.get("docker-content-digest");
    if (promised) {
      const verifier = digestVerifier(promised);
      verifier.update(bytes);
      if (!verifier.matches()) {
        throw new FalcoError(
          "OCI_DIGEST",
          `Cannot accept the manifest of ${from}: its digest is not ${promised}`,
        );
      }
    }
    const content = parseManifest(bytes, mediaType, from);
    const descriptor = {
      mediaType: content.mediaType,
      digest: promised ?? sha256(bytes),
      size: bytes.length,
    };
    return { descriptor, bytes, content };
  }

  /** The digest a tag points at now, asked with HEAD; undefined when there is no such tag. */
  async resolve(reference: string): Promise<string | undefined> {
    const headers = { accept: manifestTypes.join(", ") };
    const path = `${this.name}/manifests/${reference}`;
    const response = await this.client.request(path, this.#pull, { method: "HEAD", headers });
    discard(response);
    if (response.status === 404) return undefined;
    if (!response.ok) throw await this.client.refusal(response, `Cannot get ${nameOf(this.#at, reference)}`);
    const digest = response.headers.get("docker-content-digest");
    return digest && isDigest(digest) ? digest : (await this.manifest(reference)).descriptor.digest;
  }

  /** Stores a manifest under a tag or digest. One with a subject is also listed among the subject's referrers. */
  async putManifest(reference: string, mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const init = { method: "PUT", headers: { "content-type": mediaType }, body: bytes };
    const response = await this.client.request(`${this.name}/manifests/${reference}`, this.#push, init);
    if (!response.ok) throw await this.client.refusal(response, `Cannot push ${nameOf(this.#at, reference)}`);
    discard(response);
    const descriptor = { mediaType, digest: sha256(bytes), size: bytes.length };
    const content = parseManifest(bytes, mediaType, nameOf(this.#at, reference));
    if (content.kind === "manifest" && content.subject && !response.headers.has("oci-subject")) {
      await addReferrer(this, content.subject.digest, {
        ...descriptor,
        artifactType: content.artifactType ?? content.config.mediaType,
        ...(content.annotations && { annotations: content.annotations }),
      });
    }
    return descriptor;
  }

  putBlob(
    blob: Descriptor,
    content: Blob,
    options: UploadOptions = {},
  ): Promise<"present" | "mounted" | "uploaded"> {
    return uploadBlob(this.client, this.name, blob, content, options);
  }

  download(blob: Descriptor, file: string, options: TransferOptions = {}): Promise<void> {
    return downloadBlob(this.client, this.name, blob, file, options);
  }

  readBlob(blob: Descriptor, limit: number): Promise<Uint8Array> {
    return readBlob(this.client, this.name, blob, limit);
  }

  /** Manifests that name `digest` as their subject, of one artifact type when given. */
  referrers(digest: string, artifactType?: string): Promise<Descriptor[]> {
    return listReferrers(this, digest, artifactType);
  }

  /** All tags, page by page, in the registry's order. A registry that pages without end is given up on. */
  async tags(): Promise<string[]> {
    const tags: string[] = [];
    let next: URL | undefined = new URL(`${this.name}/tags/list`, this.client.base);
    for (let page = 0; next; page++) {
      if (page === tagPageLimit)
        throw new FalcoError("OCI_LIMIT", `Cannot list the tags of ${this.#at}: there are too many`);
      const response: Response = await this.client.request(next, this.#pull);
      if (!response.ok) throw await this.client.refusal(response, `Cannot list the tags of ${this.#at}`);
      const body = await readBody(
        response,
        manifestLimit,
        this.client.http.stallMs,
        `the tags of ${this.#at}`,
      );
      tags.push(...readTags(body, this.#at));
      const link: string | undefined = /<([^>]{1,2000})>\s*;\s*rel="?next"?/.exec(
        response.headers.get("link") ?? "",
      )?.[1];
      next = link === undefined ? undefined : new URL(link, next);
    }
    return tags;
  }

  get #pull(): string {
    return `repository:${this.name}:pull`;
  }
  get #push(): string {
    return `repository:${this.name}:pull,push`;
  }
}

const nameOf = (at: string, reference: string): string =>
  `${at}${isDigest(reference) ? "@" : ":"}${reference}`;

function readTags(body: Uint8Array, at: string): string[] {
  let tags: unknown;
  try {
    tags = (JSON.parse(new TextDecoder().decode(body)) as { tags?: unknown } | null)?.tags;
  } catch (error) {
    throw new FalcoError("OCI_HTTP", `Cannot list the tags of ${at}: the answer is not JSON`, {
      cause: error,
    });
  }
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string") : [];
}
