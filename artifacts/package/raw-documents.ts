import type { IndexCache } from "../index/index-cache.ts";
import { locate } from "../index/locate.ts";
import { hostPlatform, parsePlatform } from "../oci/platform.ts";
import type { RegistryOptions } from "../oci/registry-client.ts";
import { Repository } from "../oci/repository.ts";
import { configBytes, lookupArtifact, type RemoteArtifact } from "./remote-artifact.ts";

type Lookup = (
  indexes: IndexCache,
  text: string,
  registry: RegistryOptions,
  platform: string | undefined,
) => Promise<string>;

async function lookup(...[indexes, text, registry, platform]: Parameters<Lookup>): Promise<RemoteArtifact> {
  const { reference } = await locate(indexes, text);
  return lookupArtifact(
    Repository.of(reference, registry),
    reference,
    platform ? parsePlatform(platform) : hostPlatform(),
  );
}

/** An artifact's config blob, byte for byte. */
export const artifactConfig: Lookup = async (...args) =>
  new TextDecoder().decode(await configBytes(await lookup(...args)));

/** An artifact's manifest for the platform, byte for byte. */
export const artifactManifest: Lookup = async (...args) =>
  new TextDecoder().decode((await lookup(...args)).manifestBytes);
