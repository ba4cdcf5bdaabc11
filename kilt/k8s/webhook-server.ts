import { readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { answerReview, type ReviewOptions } from "./review.ts";

/** API servers send at most 3 MiB of object, twice where it is an update. */
const MAX_BODY = 8 << 20;
const SETTLE_MS = 200;

export interface WebhookOptions extends ReviewOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** PEM files; they are read again when they change, as mounted secrets do. */
  readonly cert: string;
  readonly key: string;
  /** PEM file of who may call; absent: whoever reaches the port, as API servers present no certificate by default. */
  readonly clientCa?: string;
  readonly log: (line: string) => void;
}

export interface Webhook {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves the mutating webhook over TLS: POST /mutate takes an AdmissionReview, GET /healthz says that
 * it is up. Throws a FalcoError when the certificate cannot be read or the port not be had.
 */
export function serveWebhook(options: WebhookOptions): Webhook {
  const { host, port, log } = options;
  const config = {
    hostname: host,
    maxRequestBodySize: MAX_BODY,
    fetch: (request: Request) => route(request, options),
    error: (error: Error) => {
      log(`request failed: ${error.message}`);
      return text(500, "internal error");
    },
  };
  // The port is shared so that a server with a new certificate can take over before the old one ends.
  const listen = (port: number) => Bun.serve({ ...config, port, reusePort: true, tls: tlsOf(options) });
  let server = started(() => listen(port), `${host}:${port}`);
  let served = pairOf(options);
  const stopWatching = watchFiles([options.cert, options.key], () => {
    try {
      const pair = pairOf(options);
      if (pair === served) return;
      const old = server;
      server = listen(old.port!);
      served = pair;
      void old.stop();
      log("certificate reloaded");
    } catch (error) {
      // Between the two files being written they do not fit; the old pair serves on.
      log(`certificate not reloaded: ${reasonOf(error)}`);
    }
  });
  return {
    port: server.port!,
    stop: async () => {
      stopWatching();
      await server.stop();
    },
  };
}

function started<T>(start: () => T, address: string): T {
  try {
    return start();
  } catch (error) {
    if (error instanceof FalcoError) throw error;
    throw new FalcoError("WEBHOOK_START", `Cannot serve webhook on ${address}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FalcoError("WEBHOOK_START", `Cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

const pairOf = ({ cert, key }: WebhookOptions): string => read(cert) + read(key);

function tlsOf({ cert, key, clientCa }: WebhookOptions) {
  const mutual = clientCa ? { ca: read(clientCa), requestCert: true, rejectUnauthorized: true } : {};
  return { cert: read(cert), key: read(key), ...mutual };
}

/** Watches folders, not files: a mounted secret is changed by moving a link beside it. */
function watchFiles(files: readonly string[], changed: () => void): () => void {
  let timer: Timer | undefined;
  const watchers = [...new Set(files.map((file) => dirname(file)))].map((folder) =>
    watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

async function route(request: Request, options: WebhookOptions): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz" || pathname === "/readyz") return text(200, "ok");
  if (pathname !== "/mutate") return text(404, "not found");
  if (request.method !== "POST") return text(405, "use POST");
  if (!request.headers.get("content-type")?.startsWith("application/json"))
    return text(415, "send application/json");
  let review: unknown;
  try {
    review = await request.json();
  } catch (error) {
    return text(400, `Cannot read request: ${reasonOf(error)}`);
  }
  try {
    return Response.json(await answerReview(review, options));
  } catch (error) {
    if (!(error instanceof FalcoError)) throw error;
    options.log(error.message);
    return text(400, error.message);
  }
}

const text = (status: number, body: string): Response => new Response(`${body}\n`, { status });
