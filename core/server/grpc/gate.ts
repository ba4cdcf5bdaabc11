import type { PeerCertificate } from "node:tls";
import { FalcoError } from "../../errors.ts";

export interface GateOptions {
  /** Names of client certificates (common name, or a DNS, URI or e-mail alternative name) that may change things. */
  readonly admins?: readonly string[];
  /** Streams open at once, over all connections. */
  readonly maxStreams?: number;
  /** Calls a second that one peer may start, and how many it may save up. */
  readonly callsPerSecond?: number;
  readonly burst?: number;
}

/** Who calls, as far as the transport knows. */
export interface Peer {
  readonly address: string;
  /** Absent on the unix socket: who can open it is trusted by its file mode. */
  readonly certificate?: PeerCertificate;
  readonly secure: boolean;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Peers remembered for their rate; the longest silent is forgotten first. */
const MAX_PEERS = 1024;

/** Decides whether a call may start: right, rate, number of streams. */
export class Gate {
  readonly #admins: ReadonlySet<string>;
  readonly #maxStreams: number;
  readonly #rate: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #streams = new Set<() => void>();

  constructor(options: GateOptions = {}) {
    this.#admins = new Set(options.admins);
    this.#maxStreams = options.maxStreams ?? 512;
    this.#rate = options.callsPerSecond ?? 1000;
    this.#burst = options.burst ?? 2000;
  }

  /** Throws API_LIMIT or API_DENIED when the call has to be refused. */
  admit(peer: Peer, method: string, admin: boolean): void {
    if (!this.#spend(peer.address)) {
      throw new FalcoError("API_LIMIT", `Cannot serve ${method}: more than ${this.#rate} calls a second`);
    }
    if (!admin || !peer.secure) return;
    const names = certificateNames(peer.certificate);
    if (names.some((name) => this.#admins.has(name))) return;
    throw new FalcoError(
      "API_DENIED",
      `Cannot serve ${method}: the client certificate "${names[0] ?? ""}" may read only`,
      { hint: "add its name to grpc.admins in falco's configuration" },
    );
  }

  /** Counts a stream in; the returned function counts it out. `end` closes the stream from this side. */
  openStream(end: () => void): () => void {
    if (this.#streams.size >= this.#maxStreams) {
      throw new FalcoError("API_LIMIT", `Cannot open a stream: ${this.#maxStreams} are open already`);
    }
    // A function of its own, since the set tells streams apart by it.
    const entry = () => end();
    this.#streams.add(entry);
    return () => void this.#streams.delete(entry);
  }

  /** Ends every open stream. */
  endStreams(): void {
    for (const end of [...this.#streams]) end();
  }

  get streams(): number {
    return this.#streams.size;
  }

  #spend(address: string): boolean {
    const now = performance.now();
    const known = this.#buckets.get(address);
    const bucket = known ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#rate);
    bucket.at = now;
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    if (this.#buckets.size > MAX_PEERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/** Common name first, then the alternative names (`DNS:a, URI:b, email:c`) without addresses. */
function certificateNames(certificate: PeerCertificate | undefined): string[] {
  if (!certificate) return [];
  const common = [certificate.subject?.CN ?? []].flat();
  const alternative = (certificate.subjectaltname ?? "")
    .split(", ")
    .map((entry) => /^(?:DNS|URI|email):(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
  return [...common, ...alternative];
}
