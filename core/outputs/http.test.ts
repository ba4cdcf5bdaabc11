import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Server } from "bun";
import { sampleAlert } from "../../tests/harness/alert.ts";
import { installed, Workspace } from "../../tests/harness/programs.ts";
import { type HttpOptions, httpOutput } from "./http.ts";
import type { Message } from "./output.ts";

const options: HttpOptions = {
  url: "",
  user_agent: "falcosecurity/falco",
  headers: {},
  insecure: false,
  ca_cert: "",
  ca_bundle: "",
  ca_path: "",
  mtls: false,
  client_cert: "",
  client_key: "",
  echo: false,
  compress_uploads: false,
  keep_alive: true,
  timeout_ms: 2000,
  max_consecutive_timeouts: 2,
};
const lines = (...texts: string[]): Message[] => texts.map((text) => ({ alert: sampleAlert(), text }));

const servers: Server<undefined>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));
const serve = (
  fetch: (request: Request) => Response | Promise<Response>,
  tls?: object,
): Server<undefined> => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch,
    ...(tls ? { tls } : {}),
  }) as Server<undefined>;
  servers.push(server);
  return server;
};

test("httpOutput posts the line with its headers", async () => {
  const seen: { body: string; headers: Headers; method: string }[] = [];
  const server = serve(async (request) => {
    seen.push({ body: await request.text(), headers: request.headers, method: request.method });
    return new Response("ok");
  });
  const output = httpOutput({ ...options, url: `"${server.url.href}"`, headers: { "X-Token": "t" } }, true);
  expect(await output.write(lines('{"a":1}'))).toEqual({ delivered: 1 });
  expect(seen[0]?.body).toBe('{"a":1}');
  expect(seen[0]?.method).toBe("POST");
  const header = (name: string): string | null | undefined => seen[0]?.headers.get(name);
  expect([header("content-type"), header("user-agent"), header("x-token")]).toEqual([
    "application/json",
    "falcosecurity/falco",
    "t",
  ]);
  await output.close();
});

test("httpOutput compresses on request and calls text text", async () => {
  let body: Buffer | undefined;
  let headers: Headers | undefined;
  const server = serve(async (request) => {
    body = Buffer.from(await request.arrayBuffer());
    headers = request.headers;
    return new Response();
  });
  const output = httpOutput({ ...options, url: server.url.href, compress_uploads: true }, false);
  await output.write(lines("some text"));
  expect(headers?.get("content-encoding")).toBe("gzip");
  expect(headers?.get("content-type")).toBe("text/plain");
  expect(gunzipSync(body!).toString()).toBe("some text");
  await output.close();
});

test("httpOutput tries 5xx again, takes 4xx as final", async () => {
  const answers = [503, 500, 200, 404];
  const server = serve(() => new Response(null, { status: answers.shift() ?? 500 }));
  const output = httpOutput({ ...options, url: server.url.href }, true);
  expect(await output.write(lines("a"))).toEqual({ delivered: 1 });
  const refused = await output.write(lines("b"));
  expect(refused.delivered).toBe(0);
  expect(String(refused.error)).toContain("answered 404");
  expect(answers).toEqual([]);
  await output.close();
});

test("httpOutput gives up on a server that never answers, and names no address", async () => {
  const server = serve(() => new Promise<Response>(() => undefined));
  const output = httpOutput(
    { ...options, url: `${server.url.href}hook/secret`, timeout_ms: 30, max_consecutive_timeouts: 1 },
    true,
  );
  const delivery = await output.write(lines("a"));
  expect(delivery.delivered).toBe(0);
  expect(String(delivery.error)).toContain("no answer in time");
  const dead = httpOutput(
    { ...options, url: "http://127.0.0.1:1/hook/secret", max_consecutive_timeouts: 0 },
    true,
  );
  expect(String((await dead.write(lines("a"))).error)).not.toContain("secret");
  await Promise.all([output.close(), dead.close()]);
});

test("httpOutput.close ends a request under way", async () => {
  const server = serve(() => new Promise<Response>(() => undefined));
  const output = httpOutput({ ...options, url: server.url.href, timeout_ms: 60_000 }, true);
  const write = output.write(lines("a"));
  await Bun.sleep(30);
  await output.close();
  expect((await write).delivered).toBe(0);
});

const openssl = installed("openssl");
test.skipIf(!openssl)("httpOutput speaks mutual TLS and refuses a server it does not trust", async () => {
  await using space = new Workspace();
  const run = (...args: string[]): void => {
    const result = Bun.spawnSync([openssl!, ...args], { cwd: space.path, stderr: "pipe" });
    if (result.exitCode !== 0) throw new Error(result.stderr.toString());
  };
  run(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-days",
    "1",
    "-subj",
    "/CN=ca",
  );
  for (const name of ["server", "client"]) {
    run(
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
    );
    await Bun.write(space.file(`${name}.ext`), "subjectAltName=IP:127.0.0.1\n");
    run(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-out",
      `${name}.crt`,
      "-days",
      "1",
      "-extfile",
      `${name}.ext`,
    );
  }
  const pem = (name: string): string => readFileSync(space.file(name), "utf8");
  const server = serve(() => new Response(), {
    cert: pem("server.crt"),
    key: pem("server.key"),
    ca: pem("ca.crt"),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const base = { ...options, url: server.url.href, max_consecutive_timeouts: 0 };
  const client = { mtls: true, client_cert: space.file("client.crt"), client_key: space.file("client.key") };
  const attempt = async (more: Partial<HttpOptions>): Promise<number> => {
    const output = httpOutput({ ...base, ...more }, true);
    const { delivered } = await output.write(lines("a")).catch(() => ({ delivered: -1 }));
    await output.close();
    return delivered;
  };
  expect(await attempt({ ...client, ca_cert: space.file("ca.crt") })).toBe(1);
  expect(await attempt({ ...client, ca_bundle: space.file("ca.crt") })).toBe(1);
  expect(await attempt({ ...client, ca_path: space.path })).toBe(1);
  expect(await attempt({ ...client, insecure: true })).toBe(1);
  expect(await attempt(client)).toBe(0);
  expect(await attempt({ ca_cert: space.file("ca.crt") })).toBe(0);
  expect(await attempt({ ca_cert: space.file("missing.crt") })).toBe(0);
});
