import { FalcoError } from "../../core/errors.ts";
import { discard, readBody } from "./body.ts";
import { parseDigest } from "./digest.ts";
import { type Descriptor, mediaTypes, parseManifest } from "./manifest.ts";
import type { Repository } from "./repository.ts";

const indexLimit = 4 << 20;

/** The tag that lists referrers on registries without the referrers API (distribution spec, "Referrers Tag Schema"). */
function fallbackTag(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `${algorithm}-${hex}`.slice(0, 128);
}

/** Manifests whose subject is `digest`: from the referrers API, or where that is missing from the fallback tag. */
export async function listReferrers(
  repository: Repository,
  digest: string,
  artifactType?: string,
): Promise<Descriptor[]> {
  const { client, name } = repository;
  const from = `the referrers of ${client.registry}/${name}@${digest}`;
  const query = artifactType ? `?artifactType=${encodeURIComponent(artifactType)}` : "";
  const response = await client.request(`${name}/referrers/${digest}${query}`, `repository:${name}:pull`, {
    headers: { accept: mediaTypes.index },
  });
  let all: readonly Descriptor[];
  if (response.ok) {
    const bytes = await readBody(response, indexLimit, client.http.stallMs, from);
    const index = parseManifest(bytes, mediaTypes.index, from);
    all = index.kind === "index" ? index.manifests : [];
  } else {
    discard(response);
    if (response.status !== 404 && response.status !== 400 && response.status !== 405) {
      throw await client.refusal(response, `Cannot list ${from}`);
    }
    all = await fallbackList(repository, digest);
  }
  return all.filter((d) => artifactType === undefined || d.artifactType === artifactType);
}

async function fallbackList(repository: Repository, digest: string): Promise<readonly Descriptor[]> {
  try {
    const { content } = await repository.manifest(fallbackTag(digest));
    return content.kind === "index" ? content.manifests : [];
  } catch (error) {
    if (error instanceof FalcoError && error.code === "OCI_NOT_FOUND") return [];
    throw error;
  }
}

/** Adds a manifest to the fallback tag of its subject, for registries that keep no such list themselves. */
export async function addReferrer(
  repository: Repository,
  subject: string,
  referrer: Descriptor,
): Promise<void> {
  const others = (await fallbackList(repository, subject)).filter((d) => d.digest !== referrer.digest);
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...others, referrer] };
  await repository.putManifest(
    fallbackTag(subject),
    mediaTypes.index,
    new TextEncoder().encode(JSON.stringify(index)),
  );
}
