import { FalcoError } from "../../core/errors.ts";

/** Hex length of each algorithm that can be verified here (OCI image spec, descriptor.md, "Registered algorithms"). */
const hexLength = { sha256: 64, sha512: 128 } as const;
type Algorithm = keyof typeof hexLength;

export interface Digest {
  readonly algorithm: Algorithm;
  readonly hex: string;
}

/** Reads `sha256:<64 hex>` or `sha512:<128 hex>`. Anything else throws: what can't be verified is not accepted. */
export function parseDigest(text: string): Digest {
  const split = text.indexOf(":");
  const algorithm = text.slice(0, Math.max(split, 0));
  const hex = text.slice(split + 1);
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    throw new FalcoError(
      "OCI_DIGEST",
      `Cannot use digest "${text.slice(0, 80)}": only sha256 and sha512 are supported`,
    );
  }
  if (hex.length !== hexLength[algorithm] || !/^[0-9a-f]*$/.test(hex)) {
    throw new FalcoError(
      "OCI_DIGEST",
      `Cannot use digest "${text.slice(0, 80)}": ${algorithm} needs ${hexLength[algorithm]} lower-case hex digits`,
    );
  }
  return { algorithm, hex };
}

export function isDigest(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

/** A hash that is fed piece by piece and says in the end whether it is the digest that was promised. */
export function digestVerifier(expected: string): { update(chunk: Uint8Array): void; matches(): boolean } {
  const { algorithm, hex } = parseDigest(expected);
  const hash = new Bun.CryptoHasher(algorithm);
  return { update: (chunk) => void hash.update(chunk), matches: () => hash.digest("hex") === hex };
}

/** `sha256:<hex>` of bytes in memory. */
export function sha256(bytes: Uint8Array | string): string {
  return "sha256:" + new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** `sha256:<hex>` of a file or blob, read in pieces. */
export async function sha256Of(content: Blob): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of content.stream()) hash.update(chunk);
  return "sha256:" + hash.digest("hex");
}
