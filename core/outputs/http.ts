import { gzipSync } from "node:zlib";
import { writeReady } from "../ffi/ready-writer.ts";
import { httpTls } from "./certificates.ts";
import type { Delivery, Message, Output } from "./output.ts";

export interface HttpOptions {
  readonly url: string;
  readonly user_agent: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly insecure: boolean;
  readonly ca_cert: string;
  readonly ca_bundle: string;
  readonly ca_path: string;
  readonly mtls: boolean;
  readonly client_cert: string;
  readonly client_key: string;
  readonly echo: boolean;
  readonly compress_uploads: boolean;
  readonly keep_alive: boolean;
  readonly timeout_ms: number;
  readonly max_consecutive_timeouts: number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** How much of an answer is copied to standard output when `echo` is set. */
const MAX_ECHO = 64 << 10;

/** Each alert as the body of a POST. Failures that may pass (no answer, 429, 5xx) are tried again with growing pauses. */
export function httpOutput(options: HttpOptions, json: boolean): Output {
  const url = options.url.replace(/^(["'])(.*)\1$/, "$2");
  const stop = new AbortController();
  let tls: ReturnType<typeof httpTls> | undefined;
  const headers: Record<string, string> = {
    "Content-Type": json ? "application/json" : "text/plain",
    "User-Agent": options.user_agent,
    ...(options.compress_uploads ? { "Content-Encoding": "gzip" } : {}),
    ...options.headers,
  };

  /** One POST; undefined is success. Throws where no answer came. */
  const post = async (text: string): Promise<{ status: number; final: boolean } | undefined> => {
    tls ??= url.startsWith("https:") ? httpTls(options) : {};
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: options.compress_uploads ? gzipSync(text) : text,
      redirect: "manual",
      keepalive: options.keep_alive,
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(options.timeout_ms)]),
      ...(Object.keys(tls).length > 0 ? { tls } : {}),
    });
    if (options.echo) echo(Buffer.from(await response.arrayBuffer()));
    else await response.body?.cancel();
    if (response.status < 400) return undefined;
    return { status: response.status, final: response.status < 500 && response.status !== 429 };
  };

  const send = async ({ text }: Message): Promise<unknown> => {
    let error: unknown;
    for (let attempt = 0; attempt <= options.max_consecutive_timeouts && !stop.signal.aborted; attempt++) {
      if (attempt > 0)
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS), stop.signal);
      try {
        const refused = await post(text);
        if (!refused) return undefined;
        error = new Error(`the server answered ${refused.status}`);
        if (refused.final) break;
      } catch (thrown) {
        error = new Error(failureText(thrown, url));
      }
    }
    return error ?? new Error("not sent before the end");
  };

  return {
    name: "http",
    batch: 1,
    async write(messages): Promise<Delivery> {
      for (const [delivered, message] of messages.entries()) {
        const error = await send(message);
        if (error !== undefined) return { delivered, error };
      }
      return { delivered: messages.length };
    },
    async close() {
      stop.abort();
    },
  };
}

/** Copies an answer to standard output, as far as that takes it now: alerts do not wait for it. */
function echo(answer: Buffer): void {
  try {
    writeReady(1, answer.subarray(0, MAX_ECHO));
  } catch {
    // Nobody reads standard output; the stdout output is the one to say so.
  }
}

/** Sleeps, or less if the output is closed meanwhile. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}

/** The reason of a failed request without the address, which may hold a token. */
function failureText(thrown: unknown, url: string): string {
  if (thrown instanceof DOMException && thrown.name === "TimeoutError") return "no answer in time";
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replaceAll(url, "the endpoint");
}
