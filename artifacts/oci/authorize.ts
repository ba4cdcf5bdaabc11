import { FalcoError, reasonOf } from "../../core/errors.ts";
import { readBody } from "./body.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type HttpOptions, send, shownUrl } from "./http.ts";

/** How somebody is known to a registry. Empty: anonymous. */
export interface Credential {
  readonly username?: string;
  readonly password?: string;
  /** An OAuth2 refresh token (docker's "identitytoken"). */
  readonly identityToken?: string;
  /** An access token that is sent as it is. */
  readonly bearer?: string;
}

/** Finds the credential for a registry's host. Asked once per client, and only when the registry demands one. */
export type CredentialSource = (registry: string) => Promise<Credential | undefined>;

const tokenLimit = 1 << 20;
/** The distribution spec's default life of a token that names none, in seconds. */
const defaultLifeS = 60;

const basic = (c: Credential): string =>
  "Basic " + Buffer.from(`${c.username ?? ""}:${c.password ?? ""}`).toString("base64");

/**
 * Keeps what was learned about authenticating to one registry: tokens per scope, or that it wants basic authentication.
 * The flow is that of the distribution project's token specification.
 */
export class Authorizer {
  readonly #registry: string;
  readonly #source: CredentialSource;
  readonly #options: HttpOptions;
  readonly #tokens = new Map<string, { header: string; until: number }>();
  #credential: Promise<Credential | undefined> | undefined;
  #fixed: string | undefined;

  constructor(registry: string, source: CredentialSource, options: HttpOptions) {
    this.#registry = registry;
    this.#source = source;
    this.#options = options;
  }

  /** The header to send from the start, when an earlier answer taught it. */
  header(scope: string): string | undefined {
    const known = this.#tokens.get(scope);
    if (known && known.until > Date.now()) return known.header;
    return this.#fixed;
  }

  /** Answers a 401: the header to try again with, or undefined when there is nothing (new) to offer. */
  async answer(response: Response, scope: string, sent: string | undefined): Promise<string | undefined> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    this.#credential ??= this.#source(this.#registry);
    const credential = (await this.#credential) ?? {};
    const bearer = challenges.find((c) => c.scheme === "bearer");
    const header = bearer
      ? await this.#bearer(bearer, scope, credential)
      : challenges.some((c) => c.scheme === "basic") && credential.username !== undefined
        ? basic(credential)
        : undefined;
    if (header === undefined || header === sent) return undefined;
    if (!bearer || credential.bearer) this.#fixed = header;
    return header;
  }

  async #bearer(challenge: Challenge, scope: string, credential: Credential): Promise<string | undefined> {
    if (credential.bearer) return "Bearer " + credential.bearer;
    const realm = this.#realm(challenge);
    const service = challenge.parameters["service"] ?? "";
    // A registry may ask for more than was foreseen (a mount needs the other repository as well): ask for both.
    const scopes = [
      ...new Set([...scope.split(" "), ...(challenge.parameters["scope"] ?? "").split(" ")]),
    ].filter(Boolean);
    const response = credential.identityToken
      ? await this.#refresh(realm, service, scopes, credential.identityToken)
      : await this.#exchange(realm, service, scopes, credential);
    if (response.status === 401 || response.status === 403) return undefined;
    const body = await readBody(
      response,
      tokenLimit,
      this.#options.stallMs,
      `the token from ${shownUrl(realm)}`,
    );
    if (!response.ok) {
      throw new FalcoError(
        "OCI_AUTH",
        `Cannot get a token from ${shownUrl(realm)}: status ${response.status}`,
      );
    }
    const { token, lifeS } = readToken(body, realm);
    // A tenth of the life is kept in reserve, so that no token expires on the way.
    this.#tokens.set(scope, { header: "Bearer " + token, until: Date.now() + lifeS * 900 });
    return "Bearer " + token;
  }

  #realm(challenge: Challenge): URL {
    const text = challenge.parameters["realm"] ?? "";
    try {
      return new URL(text);
    } catch (error) {
      throw new FalcoError(
        "OCI_AUTH",
        `Cannot authenticate to ${this.#registry}: its token realm "${text.slice(0, 100)}" is not a URL`,
        {
          cause: error,
        },
      );
    }
  }

  #exchange(
    realm: URL,
    service: string,
    scopes: readonly string[],
    credential: Credential,
  ): Promise<Response> {
    const url = new URL(realm);
    if (service) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const headers = credential.username === undefined ? {} : { authorization: basic(credential) };
    if (credential.username) url.searchParams.set("account", credential.username);
    return send({ method: "GET", url, headers }, this.#options);
  }

  #refresh(realm: URL, service: string, scopes: readonly string[], token: string): Promise<Response> {
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      service,
      client_id: "falco",
      scope: scopes.join(" "),
      refresh_token: token,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return send({ method: "POST", url: realm, headers, body: body.toString() }, this.#options);
  }
}

function readToken(body: Uint8Array, realm: URL): { token: string; lifeS: number } {
  let json: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw new FalcoError("OCI_AUTH", `Cannot get a token from ${shownUrl(realm)}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  const token = json?.token ?? json?.access_token;
  // Printable ASCII only: the token goes into a header.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new FalcoError("OCI_AUTH", `Cannot get a token from ${shownUrl(realm)}: the answer has none`);
  }
  const life = json?.expires_in;
  return { token, lifeS: typeof life === "number" && life > 0 ? life : defaultLifeS };
}
