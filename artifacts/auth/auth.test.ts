import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync, verify } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { userPaths } from "../settings/paths.ts";
import { resolveSettings } from "../settings/resolve.ts";
import { clientToken, readClient, storeClient } from "./client-credentials.ts";
import { eraseCredential, readCredential, storeCredential } from "./docker-config.ts";
import { credentialSource } from "./find-credential.ts";
import { gcpCredential, gcpToken } from "./gcp.ts";
import { loginGcp, logout, registryHost } from "./login.ts";

const dir = tempDir();
let counter = 0;
const fresh = (name: string) => join(dir, `${counter++}`, name);
const writeJson = (path: string, value: unknown) => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
  return path;
};

describe("docker config", () => {
  test("storeCredential writes what docker reads, for the owner only, and keeps the rest of the file", async () => {
    const path = writeJson(fresh("config.json"), {
      HttpHeaders: { a: "b" },
      auths: { "other.io": { auth: btoa("x:y") } },
    });
    await storeCredential(path, "r.io:5000", { username: "me", password: "a:b" });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      HttpHeaders: { a: "b" },
      auths: { "other.io": { auth: btoa("x:y") }, "r.io:5000": { auth: btoa("me:a:b") } },
    });
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(await readCredential(path, "r.io:5000")).toEqual({ username: "me", password: "a:b" });
    expect(await eraseCredential(path, "r.io:5000")).toBe(true);
    expect(await eraseCredential(path, "r.io:5000")).toBe(false);
    expect(await readCredential(path, "other.io")).toEqual({ username: "x", password: "y" });
  });

  test.each([
    ["docker.io", { "https://index.docker.io/v1/": { auth: btoa("d:p") } }, { username: "d", password: "p" }],
    ["r.io", { "https://r.io": { username: "u", password: "p" } }, { username: "u", password: "p" }],
    ["r.io", { "r.io": { auth: btoa("u:"), identitytoken: "t" } }, { identityToken: "t" }],
    ["r.io", { "r.io": { registrytoken: "b" } }, { bearer: "b" }],
    ["r.io", { "r.io": {} }, undefined],
  ])(
    "readCredential finds the credential of %s however it is filed (%#)",
    async (registry, auths, credential) => {
      expect(await readCredential(writeJson(fresh("config.json"), { auths }), registry)).toEqual(
        credential as never,
      );
    },
  );

  test("a malformed file is told without quoting it", async () => {
    const path = fresh("config.json");
    mkdirSync(join(path, ".."));
    writeFileSync(path, '{"auths":{"r.io":{"auth":"c2VjcmV0');
    await expect(readCredential(path, "r.io")).rejects.toThrow(
      /^Cannot read credentials from .* it is not valid JSON$/,
    );
    await expect(
      readCredential(writeJson(path, { auths: { "r.io": { auth: "!!" } } }), "r.io"),
    ).rejects.toThrow("malformed");
  });
});

describe("credential helpers", () => {
  const path = process.env["PATH"];
  const bin = join(dir, "bin");
  const store = join(dir, "helper-store");
  beforeAll(() => {
    mkdirSync(bin);
    // The protocol of docker-credential-helpers, kept in a directory of files.
    const script = `#!/bin/sh
read -r line
case $1 in
get) f="${store}/$(echo "$line" | tr -c 'a-z0-9\\n' _)"; [ -f "$f" ] && cat "$f" || { echo "credentials not found in native keychain"; exit 1; };;
store) s=$(echo "$line" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); mkdir -p "${store}"; echo "$line" > "${store}/$(echo "$s" | tr -c 'a-z0-9\\n' _)";;
erase) rm "${store}/$(echo "$line" | tr -c 'a-z0-9\\n' _)";;
esac
`;
    for (const [name, text] of [
      ["test", script],
      ["broken", "#!/bin/sh\necho s3cret; exit 1\n"],
    ]) {
      writeFileSync(join(bin, `docker-credential-${name}`), text!);
      chmodSync(join(bin, `docker-credential-${name}`), 0o755);
    }
    process.env["PATH"] = `${bin}:${path}`;
  });
  afterAll(() => {
    process.env["PATH"] = path;
  });

  test("are asked, given and made to forget credentials; the file keeps none", async () => {
    const config = writeJson(fresh("config.json"), { credsStore: "test" });
    await storeCredential(config, "r.io", { username: "me", password: "pw" });
    expect(readFileSync(config, "utf8")).not.toContain("auths");
    expect(await readCredential(config, "r.io")).toEqual({ username: "me", password: "pw" });
    expect(await readCredential(config, "other.io")).toBeUndefined();
    expect(await eraseCredential(config, "r.io")).toBe(true);
    expect(await readCredential(config, "r.io")).toBeUndefined();
  });

  test("a token in place of a name is a refresh token; one registry may have its own helper", async () => {
    const config = writeJson(fresh("config.json"), {
      credHelpers: { "t.io": "test" },
      auths: { "r.io": { auth: btoa("a:b") } },
    });
    await storeCredential(config, "t.io", { username: "<token>", password: "refresh" });
    expect(await readCredential(config, "t.io")).toEqual({ identityToken: "refresh" });
    expect(await readCredential(config, "r.io")).toEqual({ username: "a", password: "b" });
  });

  test("that fail, are missing or have no proper name are told, without what they print", async () => {
    const ask = (helper: string) =>
      readCredential(writeJson(fresh("config.json"), { credsStore: helper }), "r.io");
    await expect(ask("broken")).rejects.toThrow(/^(?!.*s3cret).*docker-credential-broken ended with 1/);
    await expect(ask("missing")).rejects.toThrow("docker-credential-missing is not in the PATH");
    await expect(ask("../../bin/sh")).rejects.toThrow("not a helper's name");
  });
});

describe("tokens", () => {
  let server: HostileRegistry;
  beforeAll(async () => {
    server = await startHostileRegistry();
  });
  beforeEach(() => {
    server.seen.length = 0;
  });
  afterAll(() => server.stop());
  const answer = (ok: (form: URLSearchParams, authorization: string | undefined) => boolean) => {
    server.misbehave = ({ body, headers }, response) => {
      const good = ok(new URLSearchParams(body), headers["authorization"]);
      response.writeHead(good ? 200 : 401).end(good ? '{"access_token":"t0ken","expires_in":3600}' : "{}");
      return true;
    };
  };
  const client = () => ({
    clientId: "id",
    clientSecret: "s3cret",
    tokenUrl: `${server.url}/token`,
    scopes: ["a", "b"],
  });

  test("clientToken tries the header first and the form next, and repeats no secret when refused", async () => {
    answer(
      (form, authorization) => form.get("scope") === "a b" && authorization === `Basic ${btoa("id:s3cret")}`,
    );
    expect(await clientToken(client())).toBe("t0ken");
    answer((form) => form.get("client_id") === "id" && form.get("client_secret") === "s3cret");
    expect(await clientToken(client())).toBe("t0ken");
    answer(() => false);
    await expect(clientToken(client())).rejects.toThrow(/^(?!.*s3cret).*status 401/);
  });

  test("clients are kept in the file and fields that falcoctl uses", async () => {
    const path = fresh("clientcredentials.json");
    await storeClient(path, "r.io", { ...client(), scopes: [] });
    expect(JSON.parse(readFileSync(path, "utf8"))["r.io"]).toMatchObject({
      ClientID: "id",
      ClientSecret: "s3cret",
      Scopes: null,
    });
    expect(readClient(path, "r.io")).toEqual({ ...client(), scopes: [] });
    expect(readClient(path, "x.io")).toBeUndefined();
  });

  test("gcpToken signs for a service account, refreshes a user's login, and asks the metadata server", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    const account = {
      type: "service_account",
      client_email: "a@b",
      private_key: key,
      private_key_id: "k",
      token_uri: `${server.url}/t`,
    };
    answer((form) => {
      const [head, claims, signature] = (form.get("assertion") ?? "").split(".");
      return verify(
        "RSA-SHA256",
        Buffer.from(`${head}.${claims}`),
        publicKey,
        Buffer.from(signature ?? "", "base64url"),
      );
    });
    const file = (value: unknown) => ({ GOOGLE_APPLICATION_CREDENTIALS: writeJson(fresh("g.json"), value) });
    expect(await gcpToken(file(account))).toBe("t0ken");
    answer((form) => form.get("grant_type") === "refresh_token" && form.get("refresh_token") === "r");
    const user = {
      type: "authorized_user",
      client_id: "i",
      client_secret: "s",
      refresh_token: "r",
      token_uri: `${server.url}/t`,
    };
    expect(await gcpCredential(file(user))).toEqual({ username: "oauth2accesstoken", password: "t0ken" });
    answer(() => true);
    expect(await gcpToken({ HOME: dir, GCE_METADATA_HOST: server.host })).toBe("t0ken");
    expect(server.seen.at(-1)!.headers["metadata-flavor"]).toBe("Google");
    await expect(gcpToken(file({ type: "external_account" }))).rejects.toThrow(
      'type "external_account" is not supported',
    );
  });

  test("credentialSource asks configuration, falcoctl's store, docker's store, clients and Google, in this order", async () => {
    const home = join(dir, "home");
    const paths = userPaths({ HOME: home });
    const docker = process.env["DOCKER_CONFIG"];
    process.env["DOCKER_CONFIG"] = join(home, ".docker");
    process.env["GCE_METADATA_HOST"] = server.host;
    try {
      answer(() => true);
      const entry = (...names: string[]) => ({
        auths: Object.fromEntries(names.map((n, i) => [n, { auth: btoa(`${n}:${i}`) }])),
      });
      writeJson(paths.credentials, entry("config.io", "store.io"));
      writeJson(join(home, ".docker", "config.json"), entry("x", "y", "store.io", "docker.example"));
      await storeClient(paths.clientCredentials, "client.io", client());
      const env = {
        FALCOCTL_REGISTRY_AUTH_BASIC: "config.io/some/repo,c,p",
        FALCOCTL_REGISTRY_AUTH_GCP: "gcp.io",
      };
      const settings = resolveSettings({ flags: {}, env, file: { path: "", values: {} } });
      const find = credentialSource(settings, paths);
      expect(await find("config.io")).toEqual({ username: "c", password: "p" });
      expect(await find("store.io")).toEqual({ username: "store.io", password: "1" });
      expect(await find("docker.example")).toEqual({ username: "docker.example", password: "3" });
      expect(await find("client.io")).toEqual({ bearer: "t0ken" });
      expect(await find("gcp.io")).toEqual({ username: "oauth2accesstoken", password: "t0ken" });
      expect(await find("none.io")).toBeUndefined();
      const configPath = join(home, "falcoctl.yaml");
      await loginGcp("more.io", settings, configPath);
      expect(readFileSync(configPath, "utf8")).toBe(
        "registry:\n  auth:\n    gcp:\n      - registry: gcp.io\n      - registry: more.io\n",
      );
      expect([
        await logout("client.io", settings, paths),
        await logout("client.io", settings, paths),
      ]).toEqual([true, false]);
    } finally {
      delete process.env["GCE_METADATA_HOST"];
      if (docker === undefined) delete process.env["DOCKER_CONFIG"];
      else process.env["DOCKER_CONFIG"] = docker;
    }
  });
});

test("registryHost takes a host or the host of a reference", () => {
  expect([registryHost("r.io:5000"), registryHost("r.io/a/b:1")]).toEqual(["r.io:5000", "r.io"]);
  expect(() => registryHost("a b")).toThrow("not a registry's host");
});
