import { FalcoError, reasonOf } from "../../core/errors.ts";
import { discard } from "./body.ts";
import { backoff, type RetryPolicy } from "./retry.ts";
import { trustedCertificates } from "./trust.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Blob | Uint8Array | string;
}

export interface HttpOptions extends RetryPolicy {
  /** Permits http:// URLs. Nothing else makes this client speak without TLS. */
  readonly plainHttp: boolean;
  /** How long to wait for the headers of a response, in milliseconds. */
  readonly headersMs: number;
  /** How long a body may pause, in milliseconds. */
  readonly stallMs: number;
  /** Ends everything under way. */
  readonly signal?: AbortSignal;
  /** Told about each attempt that failed and is made again. */
  readonly onRetry?: (why: string) => void;
}

export const httpDefaults: HttpOptions = {
  plainHttp: false,
  headersMs: 60_000,
  stallMs: 30_000,
  attempts: 5,
  baseDelayMs: 300,
  maxDelayMs: 30_000,
};

const maxRedirects = 5;
const retryable = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Slowest upload that is waited for; a body's size over this adds to the time its response may take. */
const minBytesPerMs = 32;

/** A URL fit for messages: without credentials, and without a query, which may hold a signature. */
export const shownUrl = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

/**
 * Sends a request, again where that can help: after network faults and statuses 408, 425, 429 and 5xx, waiting as
 * Retry-After says or ever longer. Redirects are followed by hand: `authorization` goes only to the origin it was
 * meant for, and never from https to http. Returns whatever final response there is; throws OCI_NETWORK for none.
 */
export async function send(request: HttpRequest, options: HttpOptions): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    let response: Response | undefined;
    let fault: unknown;
    try {
      response = await sendOnce(request, options);
    } catch (error) {
      if (error instanceof FalcoError || options.signal?.aborted) throw error;
      fault = error;
    }
    if (response && !retryable.has(response.status)) return response;
    if (attempt >= options.attempts || known(fault)?.lasting) {
      if (response) return response;
      throw networkError(request, fault, attempt);
    }
    const why = response ? `status ${response.status}` : (known(fault)?.text ?? reasonOf(fault));
    const retryAfter = response?.headers.get("retry-after") ?? null;
    if (response) discard(response);
    options.onRetry?.(
      `${request.method} ${shownUrl(request.url)}: ${why}, attempt ${attempt} of ${options.attempts}`,
    );
    await backoff(attempt, options, retryAfter, options.signal);
  }
}

async function sendOnce(request: HttpRequest, options: HttpOptions): Promise<Response> {
  let { url, method, body } = request;
  let headers: Record<string, string> = { "accept-encoding": "identity", ...request.headers };
  for (let hop = 0; ; hop++) {
    checkScheme(url, options);
    const response = await attempt({ method, url, headers, ...(body !== undefined && { body }) }, options);
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
    discard(response);
    if (hop === maxRedirects) {
      throw new FalcoError(
        "OCI_HTTP",
        `Cannot reach ${shownUrl(request.url)}: more than ${maxRedirects} redirects`,
      );
    }
    const next = parseLocation(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:") {
      throw new FalcoError(
        "OCI_HTTP",
        `Cannot follow the redirect of ${shownUrl(url)}: it leaves TLS for ${next.host}`,
      );
    }
    if (next.origin !== url.origin) headers = withoutCredentials(headers);
    if (response.status === 303 || (response.status < 307 && method === "POST")) {
      method = "GET";
      body = undefined;
    }
    url = next;
  }
}

/** One exchange: from the request's first byte to the response's headers. */
async function attempt(request: HttpRequest, options: HttpOptions): Promise<Response> {
  const { body } = request;
  const size = body === undefined ? 0 : body instanceof Blob ? body.size : body.length;
  const limit = options.headersMs + size / minBytesPerMs;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no answer within ${Math.round(limit / 1000)} s`)),
    limit,
  );
  const signal = options.signal ? AbortSignal.any([late.signal, options.signal]) : late.signal;
  const ca = request.url.protocol === "https:" ? trustedCertificates() : undefined;
  try {
    return await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      redirect: "manual",
      signal,
      // Digests are over the bytes as stored: a transparent decoder would change them.
      decompress: false,
      timeout: false,
      ...(body !== undefined && { body: body as Blob }),
      ...(ca && { tls: { ca } }),
    } as RequestInit);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function checkScheme(url: URL, options: HttpOptions): void {
  if (url.protocol === "https:" || (url.protocol === "http:" && options.plainHttp)) return;
  throw new FalcoError("OCI_HTTP", `Cannot use ${shownUrl(url)}: it would not be encrypted`, {
    hint: "permit it with --plain-http, for a registry you reach over a trusted network only",
  });
}

function parseLocation(location: string, base: URL): URL {
  try {
    return new URL(location, base);
  } catch (error) {
    throw new FalcoError(
      "OCI_HTTP",
      `Cannot follow the redirect of ${shownUrl(base)}: its Location is not a URL`,
      {
        cause: error,
      },
    );
  }
}

const withoutCredentials = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => !["authorization", "cookie"].includes(name.toLowerCase())),
  );

interface Fault {
  readonly text: string;
  readonly hint?: string;
  /** Trying again can't help. */
  readonly lasting?: boolean;
}

const unknownAuthority: Fault = {
  text: "its certificate is signed by an unknown authority",
  hint: "name the authority's certificate in SSL_CERT_FILE",
  lasting: true,
};

/** What the runtime's error codes mean to a person, and what to do about it. */
const faults: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: { text: "connection refused", hint: "is it running, and is the port right?" },
  ENOTFOUND: { text: "the host's name is unknown", lasting: true },
  ECONNRESET: { text: "the connection was cut" },
  ETIMEDOUT: { text: "the connection timed out" },
  EPROTO: {
    text: "it does not speak TLS",
    hint: "if that is meant to be so, add --plain-http",
    lasting: true,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: { ...unknownAuthority, text: "its certificate is self-signed" },
  ERR_TLS_CERT_ALTNAME_INVALID: { text: "its certificate is for another host", lasting: true },
  CERT_HAS_EXPIRED: { text: "its certificate has expired", lasting: true },
};

const known = (fault: unknown): Fault | undefined =>
  faults[String((fault as { code?: unknown } | null)?.code)];

function networkError(request: HttpRequest, fault: unknown, attempts: number): FalcoError {
  const { text, hint } = known(fault) ?? { text: reasonOf(fault) };
  const tries = attempts > 1 ? ` (after ${attempts} attempts)` : "";
  return new FalcoError("OCI_NETWORK", `Cannot reach ${shownUrl(request.url)}: ${text}${tries}`, {
    ...(hint && { hint }),
    cause: fault,
  });
}
