import { reasonOf } from "../../core/errors.ts";
import type { IndexCache } from "../index/index-cache.ts";
import { locate } from "../index/locate.ts";
import type { Log } from "../log.ts";
import { formatReference } from "../oci/reference.ts";
import type { RegistryOptions } from "../oci/registry-client.ts";
import { Repository } from "../oci/repository.ts";

export interface ArtifactTags {
  /** registry/repository */
  readonly ref: string;
  readonly tags: readonly string[];
}

/** Tags of helper manifests: cosign's signatures and attestations, and fallback lists of referrers. */
const helperTag = /^sha(256|512)-[0-9a-f]{64,}(\.[a-z]+)?$/;

/** The tags of artifacts. One that can't be looked up is logged and passed over, so that the others are still shown. */
export async function artifactTags(
  indexes: IndexCache,
  refs: readonly string[],
  registry: RegistryOptions,
  type: string | undefined,
  log: Log,
): Promise<ArtifactTags[]> {
  const found: ArtifactTags[] = [];
  for (const text of refs) {
    try {
      const { entry, reference } = await locate(indexes, text);
      if (type !== undefined && entry && entry.type !== type) continue;
      const tags = (await Repository.of(reference, registry).tags()).filter((tag) => !helperTag.test(tag));
      found.push({
        ref: formatReference({ registry: reference.registry, repository: reference.repository }),
        tags,
      });
    } catch (error) {
      log("error", reasonOf(error));
    }
  }
  return found;
}
