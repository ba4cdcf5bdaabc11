import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { readBody } from "./body.ts";
import { httpDefaults, send } from "./http.ts";
import { retryAfterMs } from "./retry.ts";

describe("send", () => {
  let server: HostileRegistry;
  const options = { ...httpDefaults, plainHttp: true, attempts: 2, baseDelayMs: 1 };
  beforeAll(async () => {
    server = await startHostileRegistry();
  });
  afterEach(() => {
    server.misbehave = () => false;
    server.seen.length = 0;
  });
  afterAll(() => server.stop());
  const get = (more: Partial<typeof options> = {}) =>
    send({ method: "GET", url: new URL(server.url) }, { ...options, ...more });

  test("goes through the proxy that the environment names, and around it where NO_PROXY says so", async () => {
    const proxy = await startHostileRegistry();
    proxy.misbehave = (_, response) => {
      response.writeHead(200).end("by proxy");
      return true;
    };
    const names = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"] as const;
    const before = names.map((name) => [name, process.env[name]] as const);
    try {
      for (const name of names) delete process.env[name];
      process.env["HTTP_PROXY"] = proxy.url;
      expect(await (await get()).text()).toBe("by proxy");
      expect([proxy.seen.length, server.seen.length]).toEqual([1, 0]);
      process.env["NO_PROXY"] = "127.0.0.1";
      await get();
      expect([proxy.seen.length, server.seen.length]).toEqual([1, 1]);
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await proxy.stop();
    }
  });

  test("gives up on a server that sends no headers, and at once when its signal says so", async () => {
    server.misbehave = () => true;
    await expect(get({ headersMs: 50 })).rejects.toThrow("no answer within 0 s (after 2 attempts)");
    const stop = new AbortController();
    const waiting = send({ method: "GET", url: new URL(server.url) }, { ...options, signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  test("does not try again where that can't help", async () => {
    const refused = send(
      { method: "GET", url: new URL(server.url.replace("http:", "https:")) },
      { ...options, plainHttp: false },
    );
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(/does not speak TLS$/),
      hint: expect.stringContaining("--plain-http"),
    });
    await expect(
      send({ method: "GET", url: new URL("http://r.io/") }, { ...options, plainHttp: false }),
    ).rejects.toThrow("would not be encrypted");
  });

  test("readBody stops at its limit and takes a compressed body as the bytes it is", async () => {
    const zipped = Bun.gzipSync(Buffer.alloc(1 << 20));
    server.misbehave = (_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(zipped);
      return true;
    };
    expect((await readBody(await get(), 10_000, 1000, "x")).length).toBe(zipped.length);
    await expect(readBody(await get(), 100, 1000, "the test")).rejects.toThrow(
      "Cannot read the test: it is larger than 100 bytes",
    );
  });
});

test.each([
  ["5", 5000],
  ["Thu, 01 Jan 1970 00:00:10 GMT", 9000],
  ["soon", 0],
  ["-1", 0],
  [null, 0],
])("retryAfterMs of %p is %p", (value, ms) => {
  expect(retryAfterMs(value, 1000)).toBe(ms);
});
