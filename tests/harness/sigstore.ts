import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const pair = (): Pair => generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

// DER, as much of it as a certificate needs.
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const long = body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  const size = body.length < 128 ? [body.length] : long;
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const seq = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (text: string): Buffer => {
  const [a = 0, b = 0, ...rest] = text.split(".").map(Number);
  const bytes = rest.flatMap((n) => {
    const groups = [n & 127];
    for (let left = n >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return der(6, Buffer.from([a * 40 + b, ...bytes]));
};
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, "")));
const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  seq(oid(id), ...(critical ? [der(1, Buffer.from([255]))] : []), der(4, value));
const nameOf = (text: string): Buffer => seq(der(0x31, seq(oid("2.5.4.3"), der(12, Buffer.from(text)))));
const ecdsaSha256 = seq(oid("1.2.840.10045.4.3.2"));

interface Body {
  readonly subject: Buffer;
  readonly key: KeyObject;
  readonly from: number;
  readonly until: number;
  readonly extensions: readonly Buffer[];
}

const tbs = ({ extensions, from, key, subject, until }: Body): Buffer =>
  seq(
    der(0xa0, der(2, Buffer.from([2]))),
    der(2, Buffer.from([1])),
    ecdsaSha256,
    nameOf("test fulcio"),
    seq(time(from), time(until)),
    subject,
    spki(key),
    der(0xa3, seq(...extensions)),
  );
const certificate = (body: Buffer, signer: KeyObject): Buffer =>
  seq(body, ecdsaSha256, der(3, Buffer.from([0]), sign("sha256", body, signer)));
const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/** Who signs, and what is wrong with it. */
export interface Signing {
  readonly identity: string;
  readonly issuer: string;
  readonly workflow?: string;
  /** No proof that the certificate was logged. */
  readonly withoutSct?: boolean;
  /** No entry of the transparency log. */
  readonly withoutLog?: boolean;
  /** The log's time, in milliseconds from the certificate's begin. */
  readonly loggedAfter?: number;
}

/** A Sigstore of its own: certificate authority, certificate log and transparency log, with the root that trusts them. */
export class TestSigstore {
  readonly #ca = pair();
  readonly #ctlog = pair();
  readonly #rekor = pair();
  readonly #start = Date.now() - 3_600_000;

  /** The contents of a trusted_root.json. */
  trustedRoot(): object {
    const validFor = { start: new Date(this.#start - 86_400_000).toISOString() };
    const log = ({ publicKey }: Pair): object => ({
      baseUrl: "https://log.example",
      hashAlgorithm: "SHA2_256",
      publicKey: {
        rawBytes: spki(publicKey).toString("base64"),
        keyDetails: "PKIX_ECDSA_P256_SHA_256",
        validFor,
      },
      logId: { keyId: sha256(spki(publicKey)).toString("base64") },
    });
    return {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [log(this.#rekor)],
      ctlogs: [log(this.#ctlog)],
      timestampAuthorities: [],
      certificateAuthorities: [
        {
          subject: { organization: "test", commonName: "test fulcio" },
          uri: "https://fulcio.example",
          certChain: { certificates: [{ rawBytes: this.#authority().toString("base64") }] },
          validFor,
        },
      ],
    };
  }

  /** Signs cosign's payload for a digest without a long-lived key; returns payload and the layer's annotations. */
  keyless(digest: string, signing: Signing): { payload: string; annotations: Record<string, string> } {
    const keys = pair();
    const leaf = pem(this.#leaf(keys.publicKey, signing));
    return this.#signed(digest, keys, leaf, Buffer.from(leaf), signing);
  }

  /** A Sigstore bundle, as newer tools attach them: an in-toto statement about a digest in a DSSE envelope. */
  bundle(digest: string, signing: Signing): string {
    const keys = pair();
    const leaf = this.#leaf(keys.publicKey, signing);
    const [algorithm = "", hex] = digest.split(":");
    const type = "application/vnd.in-toto+json";
    const payload = Buffer.from(
      JSON.stringify({
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ digest: { [algorithm]: hex } }],
        predicateType: "https://sigstore.dev/cosign/sign/v1",
      }),
    );
    const signed = Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} ${payload.toString()}`);
    const signature = sign("sha256", signed, keys.privateKey).toString("base64");
    const entry = {
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        payloadHash: { algorithm: "sha256", value: sha256(payload).toString("hex") },
        signatures: [{ signature, verifier: Buffer.from(pem(leaf)).toString("base64") }],
      },
    };
    const { SignedEntryTimestamp, Payload } = this.#log(entry, signing);
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
      verificationMaterial: {
        x509CertificateChain: { certificates: [{ rawBytes: leaf.toString("base64") }] },
        tlogEntries: [
          {
            logIndex: String(Payload.logIndex),
            logId: { keyId: Buffer.from(Payload.logID, "hex").toString("base64") },
            kindVersion: { kind: entry.kind, version: entry.apiVersion },
            integratedTime: String(Payload.integratedTime),
            inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
            canonicalizedBody: Payload.body,
          },
        ],
      },
      dsseEnvelope: {
        payloadType: type,
        payload: payload.toString("base64"),
        signatures: [{ sig: signature, keyid: "" }],
      },
    });
  }

  /** The same with a key. */
  keyed(
    digest: string,
    keys: Pair,
    signing: Partial<Signing> = {},
  ): { payload: string; annotations: Record<string, string> } {
    const key = keys.publicKey.export({ type: "spki", format: "pem" });
    return this.#signed(digest, keys, undefined, Buffer.from(key), signing);
  }

  #signed(digest: string, keys: Pair, leaf: string | undefined, proof: Buffer, signing: Partial<Signing>) {
    const critical = {
      identity: { "docker-reference": "" },
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
    };
    const payload = JSON.stringify({ critical, optional: null });
    const signature = sign("sha256", Buffer.from(payload), keys.privateKey).toString("base64");
    const entry = {
      apiVersion: "0.0.1",
      kind: "hashedrekord",
      spec: {
        data: { hash: { algorithm: "sha256", value: sha256(Buffer.from(payload)).toString("hex") } },
        signature: { content: signature, publicKey: { content: proof.toString("base64") } },
      },
    };
    return {
      payload,
      annotations: {
        "dev.cosignproject.cosign/signature": signature,
        ...(leaf && { "dev.sigstore.cosign/certificate": leaf }),
        ...(!signing.withoutLog && {
          "dev.sigstore.cosign/bundle": JSON.stringify(this.#log(entry, signing)),
        }),
      },
    };
  }

  /** What the transparency log answers for an entry, in cosign's form. */
  #log(entry: object, signing: Partial<Signing>) {
    const integratedTime = Math.floor((this.#start + (signing.loggedAfter ?? 60_000)) / 1000);
    const body = Buffer.from(JSON.stringify(entry)).toString("base64");
    const logID = sha256(spki(this.#rekor.publicKey)).toString("hex");
    // Members in the order of canonical JSON: what the log signs.
    const logged = { body, integratedTime, logID, logIndex: 7 };
    const promise = sign("sha256", Buffer.from(JSON.stringify(logged)), this.#rekor.privateKey);
    return { SignedEntryTimestamp: promise.toString("base64"), Payload: logged };
  }

  #authority(): Buffer {
    const extensions = [
      extension("2.5.29.19", seq(der(1, Buffer.from([255]))), true),
      extension("2.5.29.15", der(3, Buffer.from([1, 0b0000_0110])), true),
    ];
    const [from, until] = [this.#start - 86_400_000, this.#start + 365 * 86_400_000];
    const body = tbs({ subject: nameOf("test fulcio"), key: this.#ca.publicKey, from, until, extensions });
    return certificate(body, this.#ca.privateKey);
  }

  /** A certificate of ten minutes, as Fulcio gives them, with the certificate log's promise (RFC 6962) in it. */
  #leaf(key: KeyObject, { identity, issuer, withoutSct, workflow }: Signing): Buffer {
    const extensions = [
      extension("2.5.29.15", der(3, Buffer.from([7, 0b1000_0000])), true),
      extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.3"))),
      extension("2.5.29.17", seq(der(0x86, Buffer.from(identity))), true),
      extension("1.3.6.1.4.1.57264.1.8", der(12, Buffer.from(issuer))),
      ...(workflow ? [extension("1.3.6.1.4.1.57264.1.4", Buffer.from(workflow))] : []),
    ];
    const body = { subject: seq(), key, from: this.#start, until: this.#start + 600_000, extensions };
    if (!withoutSct) extensions.push(extension("1.3.6.1.4.1.11129.2.4.2", der(4, this.#promise(tbs(body)))));
    return certificate(tbs(body), this.#ca.privateKey);
  }

  #promise(precertificate: Buffer): Buffer {
    const u = (value: number, width: number): Buffer =>
      Buffer.from(value.toString(16).padStart(width * 2, "0"), "hex");
    const at = u(this.#start, 8);
    const issuerKey = sha256(spki(this.#ca.publicKey));
    const signed = Buffer.concat([
      u(0, 2),
      at,
      u(1, 2),
      issuerKey,
      u(precertificate.length, 3),
      precertificate,
      u(0, 2),
    ]);
    const signature = sign("sha256", signed, this.#ctlog.privateKey);
    const logId = sha256(spki(this.#ctlog.publicKey));
    const sct = Buffer.concat([
      u(0, 1),
      logId,
      at,
      u(0, 2),
      u(4, 1),
      u(3, 1),
      u(signature.length, 2),
      signature,
    ]);
    return Buffer.concat([u(sct.length + 2, 2), u(sct.length, 2), sct]);
  }
}
