import { existsSync, readFileSync } from "node:fs";
import { FalcoError, reasonOf } from "../../core/errors.ts";

/** Where distributions keep the certificates that the machine trusts (Debian, Fedora, SUSE, Alpine). */
const bundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const read = new Map<string, string>();

/**
 * Certificates to trust, as PEM texts: those of SSL_CERT_FILE, or else of the machine, and NODE_EXTRA_CA_CERTS. Private
 * registries are usually signed by a company's own authority, installed there. Undefined means the built-in list.
 */
export function trustedCertificates(env: NodeJS.ProcessEnv = process.env): string[] | undefined {
  const chosen = env["SSL_CERT_FILE"] ?? bundles.find((path) => existsSync(path));
  const paths = [chosen, env["NODE_EXTRA_CA_CERTS"]].filter((path): path is string => Boolean(path));
  return paths.length > 0 ? paths.map(load) : undefined;
}

function load(path: string): string {
  const known = read.get(path);
  if (known !== undefined) return known;
  try {
    const text = readFileSync(path, "utf8");
    read.set(path, text);
    return text;
  } catch (error) {
    throw new FalcoError("TLS_TRUST", `Cannot read certificates from ${path}: ${reasonOf(error)}`, {
      hint: "check SSL_CERT_FILE and NODE_EXTRA_CA_CERTS",
      cause: error,
    });
  }
}
