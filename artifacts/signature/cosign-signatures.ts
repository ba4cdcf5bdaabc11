import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { FalcoError } from "../../core/errors.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Repository } from "../oci/repository.ts";

/** One signature as it lies beside an artifact, in the form that the verifier takes, or why it has none. */
export interface FoundSignature {
  readonly bundle: Bundle;
  /** The signed bytes; absent where the bundle itself carries them (a DSSE envelope). */
  readonly payload: Uint8Array | undefined;
}

const payloadLimit = 1 << 20;
/** Somebody who may push can add signatures without end; no real artifact has this many. */
const maxSignatures = 50;
const simpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";
const bundlePrefix = "application/vnd.dev.sigstore.bundle.";

/**
 * The signatures of a manifest's digest: under cosign's tag `sha256-<hex>.sig`, and as Sigstore bundles among the
 * referrers. Those that can't be read are reported through `unreadable`, for others may still do.
 */
export async function findSignatures(
  repository: Repository,
  digest: string,
  unreadable: (why: string) => void,
): Promise<FoundSignature[]> {
  const tagged = await taggedLayers(repository, digest);
  const referring = (await repository.referrers(digest)).filter((d) =>
    d.artifactType?.startsWith(bundlePrefix),
  );
  const found: FoundSignature[] = [];
  const attempt = async (read: () => Promise<FoundSignature>): Promise<void> => {
    try {
      found.push(await read());
    } catch (error) {
      if (error instanceof FalcoError && error.code !== "SIGNATURE") throw error;
      unreadable(error instanceof Error ? error.message : String(error));
    }
  };
  for (const layer of tagged.slice(0, maxSignatures)) await attempt(() => fromLayer(repository, layer));
  for (const referrer of referring.slice(0, maxSignatures))
    await attempt(() => fromReferrer(repository, referrer));
  return found;
}

async function taggedLayers(repository: Repository, digest: string): Promise<readonly Descriptor[]> {
  const { algorithm, hex } = parseDigest(digest);
  const tag = `${algorithm}-${hex}.sig`.slice(0, 128);
  const signatures = await repository.resolve(tag);
  if (signatures === undefined) return [];
  const { content } = await repository.manifest(signatures);
  return content.kind === "manifest"
    ? content.layers.filter((layer) => layer.mediaType === simpleSigning)
    : [];
}

/** cosign keeps signature, certificate and log entry as annotations of the layer that holds the signed payload. */
async function fromLayer(repository: Repository, layer: Descriptor): Promise<FoundSignature> {
  const payload = await repository.readBlob(layer, payloadLimit);
  const annotation = (name: string): string | undefined => layer.annotations?.[name];
  const signature = annotation("dev.cosignproject.cosign/signature");
  if (!signature) throw new FalcoError("SIGNATURE", "a signature without its value");
  const certificate = annotation("dev.sigstore.cosign/certificate");
  const logEntry = annotation("dev.sigstore.cosign/bundle");
  const digest = new Bun.CryptoHasher("sha256").update(payload).digest("base64");
  const json = {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      ...(certificate
        ? { x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate) }] } }
        : { publicKey: { hint: "index" } }),
      tlogEntries: logEntry ? [rekorEntry(logEntry)] : [],
    },
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature },
  };
  return { bundle: readBundle(json), payload };
}

/** The Rekor entry that cosign stores: `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}`. */
function rekorEntry(text: string): unknown {
  const fail = (): never => {
    throw new FalcoError("SIGNATURE", "a signature whose transparency log entry is malformed");
  };
  try {
    const { SignedEntryTimestamp: timestamp, Payload: payload } = JSON.parse(text) as {
      SignedEntryTimestamp: string;
      Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
    };
    const body = JSON.parse(Buffer.from(payload.body, "base64").toString("utf8")) as {
      kind: string;
      apiVersion: string;
    };
    return {
      logIndex: String(payload.logIndex),
      logId: { keyId: Buffer.from(payload.logID, "hex").toString("base64") },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      integratedTime: String(payload.integratedTime),
      inclusionPromise: { signedEntryTimestamp: timestamp },
      canonicalizedBody: payload.body,
    };
  } catch {
    return fail();
  }
}

async function fromReferrer(repository: Repository, referrer: Descriptor): Promise<FoundSignature> {
  const { content } = await repository.manifest(referrer.digest);
  const layer = content.kind === "manifest" ? content.layers[0] : undefined;
  if (!layer?.mediaType.startsWith(bundlePrefix))
    throw new FalcoError("SIGNATURE", "a referrer without a bundle in it");
  const text = new TextDecoder().decode(await repository.readBlob(layer, payloadLimit));
  return { bundle: readBundle(JSON.parse(text)), payload: undefined };
}

function readBundle(json: unknown): Bundle {
  try {
    return bundleFromJSON(json);
  } catch (error) {
    throw new FalcoError("SIGNATURE", "a signature that is no valid Sigstore bundle", { cause: error });
  }
}

/** The first certificate of a PEM text, as base64 of its DER bytes. */
function derOf(pem: string): string {
  const match = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem);
  if (!match) throw new FalcoError("SIGNATURE", "a signature whose certificate is not PEM");
  return match[1]!.replace(/\s/g, "");
}
