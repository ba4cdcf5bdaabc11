import { FalcoError, reasonOf } from "../../core/errors.ts";
import { dockerCredentials } from "../auth/docker-config.ts";
import type { Platform } from "./manifest.ts";
import { hostPlatform, selectPlatform } from "./platform.ts";
import { formatReference, parseImageName, target } from "./reference.ts";
import type { RegistryOptions } from "./registry-client.ts";
import { Repository } from "./repository.ts";

const configLimit = 8 << 20;

/** How an image starts, from its configuration (OCI image spec, config.md). */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value` each. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly platform: Platform;
  /** Digest of the image's manifest for the platform. */
  readonly digest: string;
}

export interface ImageOptions extends RegistryOptions {
  /** Defaults to this machine's. */
  readonly platform?: Platform;
}

/**
 * Looks up how an image starts, in its registry, without pulling it. `image` is a name as container tools take it:
 * `nginx`, `quay.io/team/app:1.2`, `app@sha256:…`. Private registries are asked with docker's credentials unless others
 * are given.
 */
export async function lookupImageConfig(image: string, options: ImageOptions = {}): Promise<ImageConfig> {
  const { platform = hostPlatform(), ...given } = options;
  const registry = { credentials: dockerCredentials, ...given };
  const reference = parseImageName(image);
  const repository = Repository.of(reference, registry);
  const from = formatReference(reference);
  let fetched = await repository.manifest(target(reference));
  if (fetched.content.kind === "index") {
    fetched = await repository.manifest(selectPlatform(fetched.content, platform, from).digest);
  }
  if (fetched.content.kind !== "manifest") {
    throw new FalcoError("OCI_MANIFEST", `Cannot read image ${from}: its index points at another index`);
  }
  const bytes = await repository.readBlob(fetched.content.config, configLimit);
  return { ...readConfig(bytes, from, platform), digest: fetched.descriptor.digest };
}

function readConfig(bytes: Uint8Array, from: string, platform: Platform): Omit<ImageConfig, "digest"> {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch (error) {
    throw new FalcoError(
      "OCI_MANIFEST",
      `Cannot read the configuration of image ${from}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  const config = (typeof json?.["config"] === "object" ? json["config"] : undefined) as
    | Record<string, unknown>
    | undefined;
  return {
    entrypoint: strings(config?.["Entrypoint"]),
    cmd: strings(config?.["Cmd"]),
    env: strings(config?.["Env"]),
    workingDir: text(config?.["WorkingDir"]),
    user: text(config?.["User"]),
    platform: {
      os: text(json?.["os"]) || platform.os,
      architecture: text(json?.["architecture"]) || platform.architecture,
    },
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
