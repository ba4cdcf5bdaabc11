import { FalcoError, reasonOf } from "../../core/errors.ts";
import { parseDigest } from "./digest.ts";

/** Media types of the OCI image spec, and docker's older names for the same things. */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  empty: "application/vnd.oci.empty.v1+json",
} as const;

export const manifestTypes: readonly string[] = [
  mediaTypes.manifest,
  mediaTypes.index,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
];

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A typed pointer to content: what it is, which bytes, how many (OCI descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads an image manifest or an image index and checks every field that is used later. `mediaType` is the response's
 * content type, for documents that don't name their own. Throws OCI_MANIFEST naming the field.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, from: string): Manifest | ImageIndex {
  const fail = (why: string, cause?: unknown): never => {
    throw new FalcoError("OCI_MANIFEST", `Cannot read the manifest of ${from}: ${why}`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(`not JSON (${reasonOf(error)})`, error);
  }
  if (!isObject(json)) return fail("not a JSON object");
  if (json["schemaVersion"] !== 2)
    return fail(`schemaVersion is ${JSON.stringify(json["schemaVersion"])}, not 2`);
  const type =
    typeof json["mediaType"] === "string" ? json["mediaType"] : (mediaType.split(";")[0] ?? "").trim();
  const annotations = stringMap(json["annotations"]);
  const shared = { mediaType: type, ...(annotations && { annotations }) };
  if (Array.isArray(json["manifests"])) {
    return {
      kind: "index",
      ...shared,
      manifests: json["manifests"].map((d, i) => descriptor(d, `manifests[${i}]`, fail)),
    };
  }
  if (!Array.isArray(json["layers"])) return fail("it has neither layers nor manifests");
  return {
    kind: "manifest",
    ...shared,
    ...(typeof json["artifactType"] === "string" && { artifactType: json["artifactType"] }),
    config: descriptor(json["config"], "config", fail),
    layers: json["layers"].map((d, i) => descriptor(d, `layers[${i}]`, fail)),
    ...(json["subject"] !== undefined && { subject: descriptor(json["subject"], "subject", fail) }),
  };
}

function descriptor(
  value: unknown,
  where: string,
  fail: (why: string, cause?: unknown) => never,
): Descriptor {
  if (!isObject(value)) return fail(`${where} is not a descriptor`);
  const { mediaType, digest, size, platform, artifactType } = value;
  if (typeof mediaType !== "string") return fail(`${where}.mediaType is missing`);
  if (typeof digest !== "string") return fail(`${where}.digest is missing`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    return fail(`${where}.size is not a size in bytes`);
  }
  try {
    parseDigest(digest);
  } catch (error) {
    return fail(`${where}.digest: ${reasonOf(error)}`, error);
  }
  const annotations = stringMap(value["annotations"]);
  const known =
    isObject(platform) && typeof platform["os"] === "string" && typeof platform["architecture"] === "string";
  return {
    mediaType,
    digest,
    size,
    ...(annotations && { annotations }),
    ...(known && {
      platform: {
        os: platform["os"] as string,
        architecture: platform["architecture"] as string,
        ...(typeof platform["variant"] === "string" && { variant: platform["variant"] }),
      },
    }),
    ...(typeof artifactType === "string" && { artifactType }),
  };
}

function stringMap(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
