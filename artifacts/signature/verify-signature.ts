import { TrustedRoot } from "@sigstore/protobuf-specs";
import {
  type SignedEntity,
  type Signer,
  type TrustMaterial,
  toSignedEntity,
  toTrustMaterial,
  Verifier,
} from "@sigstore/verify";
import { RE2JS } from "re2js";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import type { CosignPolicy } from "../index/index-entry.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Repository } from "../oci/repository.ts";
import { type FoundSignature, findSignatures } from "./cosign-signatures.ts";
import { loadPublicKey } from "./public-key.ts";
import { loadTrustRoot } from "./trust-root.ts";

export interface VerifyOptions {
  /** A trusted_root.json to use in place of Sigstore's public one. */
  readonly trustedRoot?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

const inToto = "application/vnd.in-toto+json";
/** Fulcio's extension with the name of the GitHub workflow that signed. */
const workflowOid = "1.3.6.1.4.1.57264.1.4";

/**
 * Checks that a manifest's digest carries a signature that fits the policy. Throws SIGNATURE saying why none does.
 * The digest, not a tag, is what is checked: tags may move meanwhile.
 */
export async function verifySignature(
  repository: Repository,
  digest: string,
  policy: CosignPolicy,
  options: VerifyOptions = {},
): Promise<void> {
  const name = `${repository.client.registry}/${repository.name}@${digest}`;
  const reasons: string[] = [];
  const signatures = await findSignatures(repository, digest, (why) => reasons.push(why));
  if (signatures.length === 0 && reasons.length === 0) {
    throw new FalcoError(
      "SIGNATURE",
      `Cannot accept ${name}: the index requires a signature, and it has none`,
      {
        hint: "if you trust it all the same, install with --no-verify",
      },
    );
  }
  const verifier = await makeVerifier(policy, options);
  for (const signature of signatures) {
    try {
      checkSubject(signature, digest);
      checkSigner(verifier.verify(entityOf(signature, policy)), policy);
      return;
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw new FalcoError(
    "SIGNATURE",
    `Cannot accept ${name}: no signature of it is valid (${[...new Set(reasons)].slice(0, 3).join("; ")})`,
  );
}

/** With a key and the log left out, what the log says is not looked at, for no root is at hand to believe it by. */
function entityOf({ bundle, payload }: FoundSignature, policy: CosignPolicy): SignedEntity {
  const entity = toSignedEntity(bundle, bufferOf(payload));
  return policy.key !== undefined && policy.ignoreTlog
    ? { ...entity, tlogEntries: [], timestamps: [] }
    : entity;
}

const bufferOf = (payload: Uint8Array | undefined): Buffer | undefined =>
  payload && Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);

async function makeVerifier(policy: CosignPolicy, { trustedRoot, env }: VerifyOptions): Promise<Verifier> {
  const log = policy.ignoreTlog ? 0 : 1;
  if (policy.key === undefined) {
    // A keyless certificate lives for minutes: only a trusted time, from the log or a timestamp, says it was valid.
    const root = await loadTrustRoot(trustedRoot, env);
    return new Verifier(materialOf(root), {
      tlogThreshold: log,
      ctlogThreshold: 1,
      timestampThreshold: 1,
    });
  }
  const publicKey = await loadPublicKey(policy.key);
  const root = policy.ignoreTlog ? TrustedRoot.fromJSON({}) : await loadTrustRoot(trustedRoot, env);
  const material = materialOf(root, () => ({ publicKey, validFor: () => true }));
  return new Verifier(material, { tlogThreshold: log, ctlogThreshold: 0, timestampThreshold: log });
}

/** A root that was given may hold anything: certificates in it are parsed here. */
function materialOf(...args: Parameters<typeof toTrustMaterial>): TrustMaterial {
  try {
    return toTrustMaterial(...args);
  } catch (error) {
    throw new FalcoError("SIGNATURE", `Cannot use the trusted root: ${reasonOf(error)}`, { cause: error });
  }
}

/** What was signed must be this very manifest: cosign's payload and in-toto statements name its digest. */
function checkSubject({ bundle, payload }: FoundSignature, digest: string): void {
  const { content } = bundle;
  const signed = content.$case === "dsseEnvelope" ? content.dsseEnvelope.payload : payload;
  if (!signed) throw new FalcoError("SIGNATURE", "it says nothing of what was signed");
  if (content.$case === "dsseEnvelope" && content.dsseEnvelope.payloadType !== inToto) {
    throw new FalcoError("SIGNATURE", "its envelope holds no in-toto statement");
  }
  const json: unknown = JSON.parse(Buffer.from(signed).toString("utf8"));
  const other = new FalcoError("SIGNATURE", "it signs another digest");
  if (content.$case === "messageSignature") {
    const { critical } = (json ?? {}) as { critical?: { image?: { "docker-manifest-digest"?: unknown } } };
    if (critical?.image?.["docker-manifest-digest"] !== digest) throw other;
    return;
  }
  const { algorithm, hex } = parseDigest(digest);
  const { subject } = (json ?? {}) as { subject?: readonly { digest?: Readonly<Record<string, unknown>> }[] };
  if (!Array.isArray(subject) || !subject.some((s) => s?.digest?.[algorithm] === hex)) throw other;
}

/** Who signed: with a key, whoever holds it; else the certificate's identity and issuer must be the policy's. */
function checkSigner({ identity }: Signer, policy: CosignPolicy): void {
  if (policy.key !== undefined) return;
  const name = identity?.subjectAlternativeName ?? "";
  const issuer = identity?.extensions?.issuer ?? "";
  const check = (
    what: string,
    value: string,
    exact: string | undefined,
    pattern: string | undefined,
  ): void => {
    const fits = exact !== undefined ? value === exact : matches(pattern, value);
    if (!fits)
      throw new FalcoError(
        "SIGNATURE",
        `its ${what} is "${value.slice(0, 200)}", not the one the index names`,
      );
  };
  check("identity", name, policy.identity, policy.identityRegexp);
  check("issuer", issuer, policy.issuer, policy.issuerRegexp);
  if (policy.githubWorkflow !== undefined) {
    const found = identity?.oids?.find((item) => item.oid?.id.join(".") === workflowOid)?.value;
    check("workflow", found ? Buffer.from(found).toString("utf8") : "", policy.githubWorkflow, undefined);
  }
}

/** Patterns come with the index, written for Go's engine; this one has its syntax and its linear time. */
const matches = (pattern: string | undefined, value: string): boolean =>
  pattern !== undefined && RE2JS.compile(pattern).matcher(value).find();
