import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { JsonGeneralNames } from "@peculiar/x509";
import { loadX509 } from "./load-x509.ts";

/** ECDSA on P-256: what every TLS stack that gRPC clients use accepts. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
/** Clocks differ: what is made here is valid for a machine whose clock is a little behind. */
const BACKDATE_MS = 3_600_000;

/** A certificate and its private key (PKCS#8), as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Identity {
  /** Issues a certificate for a server: `hosts` are DNS names and IP addresses. */
  server(name: string, hosts: readonly string[], days: number): Promise<Identity>;
  /** Issues a certificate for a client, which the server tells apart by `name`. */
  client(name: string, days: number): Promise<Identity>;
}

const generateKeys = () =>
  crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;

async function keyPem(key: CryptoKey): Promise<string> {
  const x509 = await loadX509();
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

const validity = (days: number) => {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + days * DAY_MS) };
};

/** 16 random bytes, positive and without leading zeros, as RFC 5280 wants serial numbers. */
const serialNumber = () => {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
};

/** Makes a certificate authority that can issue certificates for gRPC servers and clients. */
export async function createAuthority(name: string, days: number): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(days),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const issue = async (subject: string, lifetime: number, usage: string, alternative?: JsonGeneralNames) => {
    const own = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: [subject] }],
      issuer: root.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...validity(lifetime),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...(alternative ? [new x509.SubjectAlternativeNameExtension(alternative)] : []),
      ],
    });
    return { cert: `${certificate.toString("pem")}\n`, key: await keyPem(own.privateKey) };
  };
  return {
    cert: `${root.toString("pem")}\n`,
    key: await keyPem(keys.privateKey),
    server: (subject, hosts, lifetime) => {
      const names = hosts.map((host) => ({
        type: isIP(host) ? ("ip" as const) : ("dns" as const),
        value: host,
      }));
      return issue(subject, lifetime, x509.ExtendedKeyUsage.serverAuth, names);
    },
    client: (subject, lifetime) => issue(subject, lifetime, x509.ExtendedKeyUsage.clientAuth),
  };
}
