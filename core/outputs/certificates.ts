import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../errors.ts";

export interface ClientTls {
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Reads a PEM file, or says which one could not be read. */
export function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FalcoError("TLS_FILE", `Cannot read certificate file ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** Whom the HTTP output trusts and who it says it is. The first of `ca_cert`, `ca_bundle`, `ca_path` counts. */
export function httpTls(options: {
  readonly insecure: boolean;
  readonly ca_cert: string;
  readonly ca_bundle: string;
  readonly ca_path: string;
  readonly mtls: boolean;
  readonly client_cert: string;
  readonly client_key: string;
}): ClientTls {
  const file = options.ca_cert || options.ca_bundle;
  const ca = file ? readPem(file) : authoritiesIn(options.ca_path);
  return {
    rejectUnauthorized: !options.insecure,
    ...(ca.length > 0 ? { ca } : {}),
    ...(options.mtls ? { cert: readPem(options.client_cert), key: readPem(options.client_key) } : {}),
  };
}

/** TLS settings of the outputs that name their files only where they are needed (NATS, Fluentd). */
export function namedTls(options: {
  readonly ca_cert: string;
  readonly client_cert: string;
  readonly client_key: string;
}): ClientTls {
  return {
    ...(options.ca_cert ? { ca: readPem(options.ca_cert) } : {}),
    ...(options.client_cert ? { cert: readPem(options.client_cert) } : {}),
    ...(options.client_key ? { key: readPem(options.client_key) } : {}),
  };
}

/** Files that distributions keep beside the single certificates and that hold all of them. */
const BUNDLES = ["ca-certificates.crt", "ca-bundle.crt"];

/**
 * The certificates of a directory: its bundle if it has one, else every PEM file in it. A directory that is missing or
 * empty gives none, and the authorities built into the runtime are trusted instead.
 */
function authoritiesIn(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
  const names = readdirSync(directory);
  const bundle = BUNDLES.find((name) => names.includes(name));
  if (bundle) return [readPem(join(directory, bundle))];
  const texts = new Set<string>();
  for (const name of names) {
    // Links by hash (`a1b2c3d4.0`) point at files that are there under their own names or elsewhere.
    if (!/\.(?:pem|crt|cer|\d+)$/.test(name)) continue;
    const path = join(directory, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const text = readPem(path);
    if (text.includes("-----BEGIN CERTIFICATE-----")) texts.add(text);
  }
  return [...texts];
}
