import { FalcoError, reasonOf } from "../../core/errors.ts";

const MAX_EVENT = 6 << 20;
const API = "2018-06-01";

export type Handler = (event: unknown) => Promise<unknown>;

export interface LambdaOptions {
  /** Host and port of the runtime API (AWS_LAMBDA_RUNTIME_API). */
  readonly api: string;
  /** Prepares the handler; what it throws is reported as a failed start, and thrown again. */
  readonly start: () => Promise<Handler>;
  readonly stop?: AbortSignal;
}

/**
 * The loop of a custom Lambda runtime: takes an invocation, answers it, takes the next. A handler that
 * throws fails its invocation and nothing else. Ends when `stop` is signalled; Lambda itself ends the
 * process. Throws when the runtime API cannot be reached.
 */
export async function lambdaLoop({ api, start, stop }: LambdaOptions): Promise<void> {
  const base = `http://${api}/${API}/runtime`;
  const handle = await start().catch(async (error: unknown) => {
    await post(`${base}/init/error`, failure(error));
    throw error;
  });
  while (!stop?.aborted) {
    const next = await take(`${base}/invocation/next`, stop);
    if (!next) return;
    const { id, body } = next;
    try {
      const answer = await handle(parseEvent(body));
      await post(`${base}/invocation/${id}/response`, answer);
    } catch (error) {
      await post(`${base}/invocation/${id}/error`, failure(error));
    }
  }
}

async function take(url: string, stop?: AbortSignal): Promise<{ id: string; body: string } | undefined> {
  try {
    // The runtime API answers when there is work, which may be hours away.
    const response = await fetch(url, {
      ...(stop ? { signal: stop } : {}),
      timeout: false,
    } as BunFetchRequestInit);
    const id = response.headers.get("lambda-runtime-aws-request-id");
    const body = await response.text();
    if (!response.ok || !id)
      throw new Error(`it answered ${response.status}${id ? "" : " without a request id"}`);
    return { id: encodeURIComponent(id), body };
  } catch (error) {
    if (stop?.aborted) return undefined;
    throw new FalcoError(
      "LAMBDA_API",
      `Cannot take invocation from the Lambda runtime API: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function parseEvent(body: string): unknown {
  if (body.length > MAX_EVENT) throw new Error(`the event is longer than ${MAX_EVENT} characters`);
  return JSON.parse(body);
}

const failure = (error: unknown) => ({
  errorMessage: error instanceof FalcoError ? error.format() : reasonOf(error),
  errorType: error instanceof FalcoError ? error.code : "Error",
  stackTrace: [],
});

async function post(url: string, body: unknown): Promise<void> {
  const headers = {
    "content-type": "application/json",
    "lambda-runtime-function-error-type": "Kilt.Failure",
  };
  const isError = url.endsWith("/error");
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: isError ? headers : { "content-type": headers["content-type"] },
  });
  if (response.ok) return;
  throw new FalcoError("LAMBDA_API", `Cannot answer the Lambda runtime API: it answered ${response.status}`);
}
