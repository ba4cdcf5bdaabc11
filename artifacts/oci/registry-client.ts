import { FalcoError } from "../../core/errors.ts";
import { Authorizer, type CredentialSource } from "./authorize.ts";
import { discard, readBody } from "./body.ts";
import { type HttpOptions, type HttpRequest, httpDefaults, send, shownUrl } from "./http.ts";

export interface RegistryOptions extends Partial<HttpOptions> {
  readonly credentials?: CredentialSource;
}

/** What a request may carry besides its path. `once`: what was sent can't be sent again, so it isn't. */
export interface RequestInitOf extends Omit<HttpRequest, "url" | "method"> {
  readonly method?: string;
  readonly once?: boolean;
}

/** Docker Hub's name in references is not the host that serves its registry. */
const hosts: Readonly<Record<string, string>> = {
  "docker.io": "registry-1.docker.io",
  "index.docker.io": "registry-1.docker.io",
};

/** Talks to one registry: authenticates when asked to, retries, and turns error answers into sentences. */
export class RegistryClient {
  readonly registry: string;
  readonly base: URL;
  readonly http: HttpOptions;
  readonly #authorizer: Authorizer;

  constructor(registry: string, options: RegistryOptions = {}) {
    const { credentials = async () => undefined, ...http } = options;
    this.registry = registry;
    this.http = { ...httpDefaults, ...http };
    this.base = new URL(`${this.http.plainHttp ? "http" : "https"}://${hosts[registry] ?? registry}/v2/`);
    this.#authorizer = new Authorizer(registry, credentials, this.http);
  }

  /**
   * Sends a request for a scope such as `repository:falco/rules:pull`. `path` is below `/v2/`, or a URL the registry
   * handed out; credentials go along only when that is on the registry's own origin.
   */
  async request(path: string | URL, scope: string, init: RequestInitOf = {}): Promise<Response> {
    const url = new URL(path, this.base);
    const own = url.origin === this.base.origin;
    const attempt = (authorization: string | undefined): Promise<Response> =>
      send(
        {
          method: init.method ?? "GET",
          url,
          headers: { ...init.headers, ...(authorization && own ? { authorization } : {}) },
          ...(init.body !== undefined && { body: init.body }),
        },
        init.once ? { ...this.http, attempts: 1 } : this.http,
      );
    const known = this.#authorizer.header(scope);
    const response = await attempt(known);
    if (response.status !== 401 || !own) return response;
    const answer = await this.#authorizer.answer(response, scope, known);
    if (answer === undefined) return response;
    discard(response);
    return attempt(answer);
  }

  /** Whether the registry answers its base URL and, with credentials, accepts them. Throws when not. */
  async ping(): Promise<void> {
    const response = await this.request("", "");
    if (!response.ok) throw await this.refusal(response, `Cannot use the registry ${this.registry}`);
    discard(response);
  }

  /** The error for an answer that is not the wanted one, with what the registry says about it. */
  async refusal(response: Response, what: string): Promise<FalcoError> {
    const said = await errorText(response, this.http.stallMs);
    const tail = said ? ` (${said})` : "";
    if (response.status === 401 || response.status === 403) {
      return new FalcoError("OCI_AUTH", `${what}: the registry denies access${tail}`, {
        hint: `log in with "falco registry auth basic ${this.registry}"`,
      });
    }
    if (response.status === 404) return new FalcoError("OCI_NOT_FOUND", `${what}: not found${tail}`);
    const place = response.url ? ` from ${shownUrl(new URL(response.url))}` : "";
    return new FalcoError("OCI_HTTP", `${what}: status ${response.status}${place}${tail}`);
  }
}

/** The codes and messages of the distribution spec's error body, in one line, without control characters. */
async function errorText(response: Response, stallMs: number): Promise<string> {
  try {
    const body = await readBody(response, 64 * 1024, stallMs, "an error");
    const json = JSON.parse(new TextDecoder().decode(body)) as { errors?: unknown };
    const errors = Array.isArray(json?.errors)
      ? (json.errors as { code?: unknown; message?: unknown }[])
      : [];
    const texts = errors
      .slice(0, 3)
      .map((e) => [e?.code, e?.message].filter((t) => typeof t === "string").join(": "));
    return texts
      .join("; ")
      .replace(/[\x00-\x1f\x7f-\x9f]/g, " ")
      .slice(0, 300);
  } catch {
    // The body of an error is a courtesy: one that can't be read leaves the status to speak.
    return "";
  }
}
