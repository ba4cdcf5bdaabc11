import { readFileSync } from "node:fs";
import type { Server } from "bun";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { PluginStart } from "../plugin/plugin.ts";
import type { AuditFeed } from "./audit-feed.ts";
import type { AuditSettings } from "./audit-settings.ts";
import type { Intake } from "./intake.ts";
import type { AuditOrigin } from "./open-params.ts";

type Webhook = Extract<AuditOrigin, { kind: "webhook" }>;
type Settings = Pick<AuditSettings, "sslCertificate" | "sslClientCA" | "webhookMaxBatchSize">;

/** What waits for the engine, and requests on their way in, may hold this many of the longest batches in memory. */
const BATCHES = 4;
/** Small batches are no reason to turn anyone away. */
const MIN_CAPACITY = 16 << 20;
/** Seconds without a byte after which a connection ends. */
const IDLE_SECONDS = 30;

const answer = (status: number, sentence: string, headers: Record<string, string> = {}): Response =>
  new Response(`${sentence}\n`, { status, headers: { "Content-Type": "text/plain", ...headers } });

/** Takes audit events from the webhook backend of API servers: POST with an EventList as JSON. */
export class AuditWebhook implements AuditFeed {
  readonly #where: Webhook;
  readonly #settings: Settings;
  readonly #intake: Intake;
  readonly #log: PluginStart["log"];
  readonly #capacity: number;
  #reserved = 0;
  #server: Server<undefined> | undefined;

  constructor(where: Webhook, settings: Settings, intake: Intake, log: PluginStart["log"]) {
    this.#where = where;
    this.#settings = settings;
    this.#intake = intake;
    this.#log = log;
    this.#capacity = Math.max(MIN_CAPACITY, BATCHES * settings.webhookMaxBatchSize);
  }

  /** Throws PLUGIN_OPEN where the address can't be had, or the certificate not be used. */
  open(): void {
    const { host, port, tls, path } = this.#where;
    const options = {
      port,
      maxRequestBodySize: this.#settings.webhookMaxBatchSize,
      idleTimeout: IDLE_SECONDS,
      ...(tls ? { tls: this.#certificates() } : {}),
      fetch: (request: Request) => this.#receive(request),
      // What went wrong inside is no business of a stranger's.
      error: (error: unknown) => {
        this.#log("error", `A request for audit events failed: ${reasonOf(error)}`);
        return answer(500, "internal error");
      },
    };
    const scheme = tls ? "https" : "http";
    try {
      this.#server = Bun.serve({ ...options, hostname: host || "::" }) as Server<undefined>;
    } catch (cause) {
      throw new FalcoError(
        "PLUGIN_OPEN",
        `Cannot listen for audit events on ${scheme}://${host}:${port}: ${reasonOf(cause)}`,
        { cause, hint: "change the address in open_params of plugin k8saudit" },
      );
    }
    const at = host.includes(":") ? `[${host}]` : host;
    this.#log("info", `Listening for audit events on ${scheme}://${at}:${this.#server.port}${path}`);
  }

  async fill(timeoutMs: number): Promise<boolean> {
    await this.#intake.queue.arrival(timeoutMs);
    return true;
  }

  close(): void {
    void this.#server?.stop(true);
  }

  #certificates() {
    const { sslCertificate, sslClientCA } = this.#settings;
    // Each reader takes its own blocks out of the file.
    const pem = this.#read(
      sslCertificate,
      "sslCertificate names a file with certificate and private key (PEM)",
    );
    const clients = sslClientCA
      ? {
          ca: this.#read(sslClientCA, "sslClientCA names a file with authorities (PEM)"),
          requestCert: true,
          rejectUnauthorized: true,
        }
      : {};
    return { cert: pem, key: pem, ...clients };
  }

  #read(path: string, hint: string): string {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw new FalcoError(
        "PLUGIN_OPEN",
        `Cannot listen for audit events: cannot read certificate file ${path}: ${reasonOf(cause)}`,
        { cause, hint },
      );
    }
  }

  #receive(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    const { path } = this.#where;
    if (pathname !== path && !(path.endsWith("/") && pathname.startsWith(path)))
      return answer(404, "there is nothing here; audit events go elsewhere");
    if (request.method !== "POST")
      return answer(405, `${request.method} method not allowed`, { Allow: "POST" });
    const { headers } = request;
    if (!headers.get("Content-Type")?.includes("application/json"))
      return answer(400, "wrong Content-Type: application/json is expected");
    if ((headers.get("Content-Encoding") ?? "identity") !== "identity")
      return answer(415, "a compressed body is not understood");
    const length = Number(headers.get("Content-Length") ?? this.#settings.webhookMaxBatchSize);
    if (this.#intake.queue.bytes + this.#reserved + length > this.#capacity) {
      const why = "the engine is behind, and the queue is full";
      this.#intake.lose("refused", `A request with audit events is refused: ${why}`);
      return answer(429, why, { "Retry-After": "1" });
    }
    return this.#accept(request, length);
  }

  async #accept(request: Request, length: number): Promise<Response> {
    this.#reserved += length;
    try {
      const text = await request.text();
      const fault = this.#intake.take(text, "the webhook");
      return fault === undefined ? new Response(null, { status: 200 }) : answer(400, `bad request: ${fault}`);
    } catch (error) {
      this.#intake.lose("malformed", `A request with audit events broke off: ${reasonOf(error)}`);
      return answer(400, "bad request: its body can't be read");
    } finally {
      this.#reserved -= length;
    }
  }
}
