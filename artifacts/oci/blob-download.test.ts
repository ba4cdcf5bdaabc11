import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { downloadBlob, readBlob } from "./blob-download.ts";
import { sha256 } from "./digest.ts";
import { RegistryClient } from "./registry-client.ts";

describe("downloadBlob", () => {
  const dir = tempDir();
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(65_536)).buffer);
  const whole = Buffer.concat(Array.from({ length: 12 }, () => bytes));
  const blob = { mediaType: "application/octet-stream", digest: sha256(whole), size: whole.length };
  let registry: HostileRegistry;
  let counter = 0;
  beforeAll(async () => {
    registry = await startHostileRegistry();
    registry.blob(whole);
  });
  afterEach(() => {
    registry.misbehave = () => false;
    registry.seen.length = 0;
  });
  afterAll(() => registry.stop());
  const client = (options = {}) =>
    new RegistryClient(registry.host, {
      plainHttp: true,
      attempts: 3,
      baseDelayMs: 1,
      maxDelayMs: 50,
      ...options,
    });
  const fresh = () => join(dir, `blob-${counter++}`);
  const right = async (file: string) => sha256(await Bun.file(file).bytes()) === blob.digest;
  const rangeStart = (range: string | undefined) => Number(/bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0);

  test("survives a connection cut at every 64 KiB by asking for the rest", async () => {
    registry.misbehave = ({ headers }, response) => {
      const start = rangeStart(headers["range"]);
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": whole.length - start,
        ...(start > 0 && { "content-range": `bytes ${start}-${whole.length - 1}/${whole.length}` }),
      });
      const piece = whole.subarray(start, start + 65_536);
      if (start + piece.length === whole.length) response.end(piece);
      else response.write(piece, () => setTimeout(() => response.destroy(), 10));
      return true;
    };
    const file = fresh();
    await downloadBlob(client(), "a/b", blob, file);
    expect(await right(file)).toBe(true);
    expect(registry.seen.length).toBeGreaterThanOrEqual(12);
  });

  test("starts anew when the registry ignores ranges", async () => {
    let cuts = 0;
    registry.misbehave = (_, response) => {
      response.writeHead(200, { "content-length": whole.length });
      if (cuts++ < 2)
        response.write(whole.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 10));
      else response.end(whole);
      return true;
    };
    const file = fresh();
    await downloadBlob(client(), "a/b", blob, file);
    expect(await right(file)).toBe(true);
  });

  test("gives up on a registry that stalls, keeps what it has, and a later call continues there", async () => {
    registry.misbehave = ({ headers }, response) => {
      const start = rangeStart(headers["range"]);
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": whole.length - start,
        ...(start > 0 && { "content-range": `bytes ${start}-${whole.length - 1}/${whole.length}` }),
      });
      response.flushHeaders();
      if (start === 0) response.write(whole.subarray(0, 300_000));
      return true;
    };
    const file = fresh();
    await expect(downloadBlob(client({ stallMs: 60 }), "a/b", blob, file)).rejects.toThrow(
      /Cannot download blob .* nothing received for 0.06 s, at 300000 of 786432 bytes/,
    );
    expect(existsSync(file)).toBe(false);
    registry.misbehave = () => false;
    registry.seen.length = 0;
    await downloadBlob(client(), "a/b", blob, file);
    expect(registry.seen.map(({ headers }) => headers["range"])).toEqual(["bytes=300000-"]);
    expect(await right(file)).toBe(true);
  });

  test.each([429, 500, 503])("tries again after status %p, as often as allowed", async (status) => {
    let refusals = 2;
    registry.misbehave = (_, response) => {
      if (refusals-- <= 0) return false;
      response.writeHead(status, { "retry-after": "0" }).end();
      return true;
    };
    const file = fresh();
    await downloadBlob(client(), "a/b", blob, file);
    expect(await right(file)).toBe(true);
    registry.misbehave = (_, response) => {
      response
        .writeHead(status)
        .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\\u001b[31m down"}]}');
      return true;
    };
    await expect(downloadBlob(client(), "a/b", blob, fresh())).rejects.toThrow(
      new RegExp(`status ${status} .*TOOMANYREQUESTS: slow \\[31m down`),
    );
  });

  test("refuses bytes with another digest and leaves nothing behind", async () => {
    const wrong = Buffer.from(whole);
    wrong[1000]! ^= 1;
    registry.misbehave = (_, response) => {
      response.writeHead(200).end(wrong);
      return true;
    };
    const file = fresh();
    await expect(downloadBlob(client(), "a/b", blob, file)).rejects.toMatchObject({ code: "OCI_DIGEST" });
    expect(readdirSync(dir).filter((name) => name.startsWith(file.split("/").at(-1)!))).toEqual([]);
  });

  test("refuses more bytes than the descriptor promises without reading on", async () => {
    registry.misbehave = (_, response) => {
      response.writeHead(200);
      const flood = setInterval(() => response.write(whole), 1);
      response.on("close", () => clearInterval(flood));
      return true;
    };
    await expect(downloadBlob(client(), "a/b", blob, fresh())).rejects.toMatchObject({ code: "OCI_LIMIT" });
    const small = { ...blob, size: 5_000_000 };
    await expect(readBlob(client(), "a/b", small, 1_000_000)).rejects.toThrow(
      "5000000 bytes are more than the 1000000 allowed",
    );
  });

  test("follows a redirect to another host without credentials, and keeps them on its own", async () => {
    const other = await startHostileRegistry();
    try {
      other.blob(whole);
      registry.misbehave = ({ headers, path }, response) => {
        if (!headers["authorization"])
          response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
        else if (path.includes("moved")) return false;
        else
          response
            .writeHead(307, { location: `${other.url}/v2/a/b/blobs/${blob.digest}?signature=s3cret` })
            .end();
        return true;
      };
      const file = fresh();
      const credentials = async () => ({ username: "u", password: "p4ss" });
      await downloadBlob(client({ credentials }), "a/b", blob, file);
      expect(await right(file)).toBe(true);
      expect(other.seen.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
      other.misbehave = (_, response) => {
        response.writeHead(403).end();
        return true;
      };
      const error = await downloadBlob(client({ credentials }), "a/b", blob, fresh()).catch((e: Error) => e);
      expect(String(error)).toContain("denies access");
      expect(String(error)).not.toMatch(/s3cret|p4ss/);
    } finally {
      await other.stop();
    }
  });

  test("does not follow redirects without end, nor to a scheme without TLS", async () => {
    registry.misbehave = ({ path }, response) => {
      response.writeHead(302, { location: path + "x" }).end();
      return true;
    };
    await expect(downloadBlob(client(), "a/b", blob, fresh())).rejects.toThrow("more than 5 redirects");
    registry.misbehave = (_, response) => {
      response.writeHead(302, { location: "ftp://127.0.0.1/x" }).end();
      return true;
    };
    await expect(downloadBlob(client(), "a/b", blob, fresh())).rejects.toThrow("would not be encrypted");
  });
});
