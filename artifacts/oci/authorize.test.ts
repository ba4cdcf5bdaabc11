import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  type HostileRegistry,
  type SeenRequest,
  startHostileRegistry,
} from "../../tests/harness/hostile-registry.ts";
import type { Credential } from "./authorize.ts";
import { RegistryClient } from "./registry-client.ts";
import { Repository } from "./repository.ts";

describe("Authorizer", () => {
  let registry: HostileRegistry;
  let tokens: HostileRegistry;
  let given = 0;
  beforeAll(async () => {
    [registry, tokens] = [await startHostileRegistry(), await startHostileRegistry()];
    registry.manifest(
      {
        schemaVersion: 2,
        layers: [],
        config: { mediaType: "x", digest: `sha256:${"0".repeat(64)}`, size: 1 },
      },
      "1",
    );
  });
  afterEach(() => {
    registry.seen.length = 0;
    tokens.seen.length = 0;
    given = 0;
  });
  afterAll(() => Promise.all([registry.stop(), tokens.stop()]));

  /** The registry takes tokens that the other server gives to `user:pass`, or for the refresh token `r3fresh`. */
  const useTokens = (expiresIn?: number) => {
    const challenge = `Bearer realm="${tokens.url}/token",service="test",scope="repository:a/b:pull"`;
    registry.misbehave = ({ headers }, response) => {
      if (/^Bearer token-\d$/.test(headers["authorization"] ?? "")) return false;
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return true;
    };
    tokens.misbehave = (request, response) => {
      const ok = allowed(request);
      const answer = { token: `token-${++given}`, ...(expiresIn !== undefined && { expires_in: expiresIn }) };
      response.writeHead(ok ? 200 : 401).end(JSON.stringify(answer));
      return true;
    };
  };
  const allowed = ({ body, headers, method }: SeenRequest) =>
    method === "POST"
      ? new URLSearchParams(body).get("refresh_token") === "r3fresh"
      : headers["authorization"] === `Basic ${btoa("user:pass")}`;
  const repository = (credential: Credential | undefined) => {
    const options = { plainHttp: true, attempts: 1, credentials: async () => credential };
    return new Repository(new RegistryClient(registry.host, options), "a/b");
  };

  test("gets a token for the scope with basic credentials and uses it until it expires", async () => {
    useTokens(300);
    const repo = repository({ username: "user", password: "pass" });
    for (let i = 0; i < 3; i++) expect(await repo.resolve("1")).toStartWith("sha256:");
    expect(given).toBe(1);
    const query = new URL(tokens.seen[0]!.path, tokens.url).searchParams;
    expect([query.get("service"), query.getAll("scope")]).toEqual(["test", ["repository:a/b:pull"]]);
    expect(registry.seen.map(({ headers }) => headers["authorization"])).not.toContain(
      `Basic ${btoa("user:pass")}`,
    );
  });

  test("gets another token when one has expired", async () => {
    useTokens(0.001);
    const repo = repository({ username: "user", password: "pass" });
    await repo.resolve("1");
    await Bun.sleep(5);
    await repo.resolve("1");
    expect(given).toBe(2);
  });

  test("exchanges an identity token with a POST", async () => {
    useTokens();
    expect(await repository({ identityToken: "r3fresh" }).resolve("1")).toStartWith("sha256:");
    expect(tokens.seen.map(({ method }) => method)).toEqual(["POST"]);
  });

  test("is told of wrong credentials and repeats no secret", async () => {
    useTokens();
    for (const credential of [
      { username: "user", password: "wr0ng" },
      { identityToken: "wr0ng" },
      undefined,
    ]) {
      const error: unknown = await repository(credential)
        .manifest("1")
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "OCI_AUTH" });
      expect(JSON.stringify(error) + String(error)).not.toContain("wr0ng");
    }
  });

  test("sends nothing to a token realm without TLS when the registry has TLS", async () => {
    const answer = new Response("", {
      headers: { "www-authenticate": `Bearer realm="${tokens.url}/token"` },
    });
    const { Authorizer } = await import("./authorize.ts");
    const { httpDefaults } = await import("./http.ts");
    const authorizer = new Authorizer(
      "r.io",
      async () => ({ username: "user", password: "pass" }),
      httpDefaults,
    );
    await expect(authorizer.answer(answer, "x", undefined)).rejects.toThrow("would not be encrypted");
    expect(tokens.seen).toEqual([]);
  });

  test.each(["nonsense", "{}", '{"token":"a\\nb"}', "null"])("refuses the token answer %p", async (body) => {
    useTokens();
    tokens.misbehave = (_, response) => {
      response.writeHead(200).end(body);
      return true;
    };
    await expect(repository({ username: "user", password: "pass" }).manifest("1")).rejects.toMatchObject({
      code: "OCI_AUTH",
    });
  });
});
