import { readFileSync } from "node:fs";
import type { Server } from "bun";
import { FalcoError, reasonOf } from "../errors.ts";

export interface WebOptions {
  readonly listen_address: string;
  readonly listen_port: number;
  readonly k8s_healthz_endpoint: string;
  readonly ssl_enabled: boolean;
  /** One file with certificate chain and private key. */
  readonly ssl_certificate: string;
}

export interface WebDeps {
  /** The object that /versions shows. */
  readonly versions: () => object;
  /** The text that /metrics shows; without it there is no such page. */
  readonly metrics?: () => string;
  /** Whether events are still looked at; /healthz answers 503 where they are not. */
  readonly healthy?: () => boolean;
  /** Further pages by path, such as the audit webhook. */
  readonly routes?: Readonly<Record<string, (request: Request) => Response | Promise<Response>>>;
}

export interface WebServer {
  readonly port: number;
  /** Ends the server; requests under way are cut off after a second. */
  stop(): Promise<void>;
}

/** Prometheus text format. */
const EXPOSITION_TYPE = "text/plain; version=0.0.4";
/** Largest body that a route is handed; alerts come in over other ways. */
const MAX_BODY = 32 << 20;

/**
 * Starts the web server: health, versions, metrics. Throws WEB_SERVER where the address is taken, or the certificate
 * cannot be used.
 */
export function startWebServer(options: WebOptions, deps: WebDeps): WebServer {
  const pages = new Map<string, (request: Request) => Response | Promise<Response>>(
    Object.entries(deps.routes ?? {}),
  );
  const page = (path: string, answer: () => Response): void =>
    void pages.set(path, ({ method }) => (method === "GET" || method === "HEAD" ? answer() : notAllowed()));
  page(options.k8s_healthz_endpoint, () => health(deps.healthy?.() ?? true));
  page("/versions", () => jsonResponse(JSON.stringify(deps.versions())));
  const { metrics } = deps;
  if (metrics)
    page("/metrics", () => new Response(metrics(), { headers: { "Content-Type": EXPOSITION_TYPE } }));

  let server: Server<undefined>;
  try {
    server = Bun.serve({
      hostname: options.listen_address.trim(),
      port: options.listen_port,
      maxRequestBodySize: MAX_BODY,
      ...(options.ssl_enabled ? { tls: certificate(options.ssl_certificate) } : {}),
      fetch: (request) => pages.get(new URL(request.url).pathname)?.(request) ?? notFound(),
      // What went wrong inside is no business of a stranger's.
      error: () => new Response("internal error\n", { status: 500 }),
    }) as Server<undefined>;
  } catch (cause) {
    if (cause instanceof FalcoError) throw cause;
    const where = `${options.listen_address}:${options.listen_port}`;
    throw new FalcoError("WEB_SERVER", `Cannot start the web server on ${where}: ${reasonOf(cause)}`, {
      cause,
      hint: "change webserver.listen_port or webserver.listen_address, or set webserver.enabled=false",
    });
  }
  return {
    port: server.port ?? options.listen_port,
    async stop() {
      const polite = server.stop();
      await Promise.race([polite, Bun.sleep(1000)]);
      await server.stop(true);
    },
  };
}

function certificate(path: string): { readonly cert: string; readonly key: string } {
  try {
    // Each reader takes its own blocks out of the file.
    const pem = readFileSync(path, "utf8");
    return { cert: pem, key: pem };
  } catch (cause) {
    throw new FalcoError("WEB_SERVER", `Cannot start the web server: cannot read its certificate ${path}`, {
      cause,
      hint: "webserver.ssl_certificate names a file with both the certificate and the private key (PEM)",
    });
  }
}

const jsonResponse = (body: string, status = 200): Response =>
  new Response(body, { status, headers: { "Content-Type": "application/json" } });
const health = (ok: boolean): Response =>
  jsonResponse(`{"status": "${ok ? "ok" : "failing"}"}`, ok ? 200 : 503);
const notFound = (): Response => new Response(null, { status: 404 });
const notAllowed = (): Response => new Response(null, { status: 405 });
