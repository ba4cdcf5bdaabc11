import { createPrivateKey, X509Certificate } from "node:crypto";
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import { FalcoError, reasonOf } from "../../errors.ts";

/** Paths of PEM files, named as Falco's configuration names them. */
export interface CertificateFiles {
  readonly privateKey: string;
  readonly certChain: string;
  /** Certificate authorities whose client certificates are accepted. */
  readonly rootCerts: string;
}

/** An update writes several files: they are read when no more changes come. */
const SETTLE_MS = 250;

/**
 * Mutual TLS from files, taken over by new connections when the files change. A change that doesn't make
 * a usable set (half written, key of another certificate) is reported and the set in use stays.
 */
export class MutualTls extends ServerCredentials {
  readonly #files: CertificateFiles;
  readonly #onReload: (error?: FalcoError) => void;
  readonly #watchers: FSWatcher[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loaded: string;

  constructor(files: CertificateFiles, onReload: (error?: FalcoError) => void) {
    const context = load(files);
    super({ requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" }, context);
    this.#files = files;
    this.#onReload = onReload;
    this.#loaded = digest(context);
    // Directories, not files: a file that is renamed over, as Kubernetes does, is lost to its watcher.
    for (const directory of new Set(Object.values(files).map((file) => dirname(file)))) {
      const watcher = watch(directory, () => this.#changed());
      watcher.on("error", (cause) => onReload(unreadable(directory, cause)));
      this.#watchers.push(watcher);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      try {
        const context = load(this.#files);
        if (digest(context) === this.#loaded) return;
        this.updateSecureContextOptions(context);
        this.#loaded = digest(context);
        this.#onReload();
      } catch (error) {
        this.#onReload(error instanceof FalcoError ? error : unreadable("certificates", error));
      }
    }, SETTLE_MS);
    this.#timer.unref();
  }
}

interface Context extends SecureContextOptions {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly ca: Buffer;
}

const digest = (context: Context) =>
  [context.key, context.cert, context.ca].map((part) => Bun.hash(part)).join(" ");

const unreadable = (what: string, cause: unknown) =>
  new FalcoError("GRPC_TLS", `Cannot use "${what}" for gRPC: ${reasonOf(cause)}`, {
    hint: 'make a set with "falco tls generate"',
    cause,
  });

/** Reads the set and checks that it is one: the parts parse and the key is the certificate's. */
function load(files: CertificateFiles): Context {
  const part = <T>(file: string, parse: (pem: Buffer) => T): [Buffer, T] => {
    try {
      const pem = readFileSync(file);
      return [pem, parse(pem)];
    } catch (cause) {
      throw unreadable(file, cause);
    }
  };
  const [key, privateKey] = part(files.privateKey, (pem) => createPrivateKey(pem));
  const [cert, certificate] = part(files.certChain, (pem) => new X509Certificate(pem));
  const [ca] = part(files.rootCerts, (pem) => new X509Certificate(pem));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unreadable(files.privateKey, `it is not the key of the certificate in "${files.certChain}"`);
  }
  return { key, cert, ca };
}
