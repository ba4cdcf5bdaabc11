import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import {
  type HostileRegistry,
  type SeenRequest,
  startHostileRegistry,
} from "../../tests/harness/hostile-registry.ts";
import { uploadBlob } from "./blob-upload.ts";
import { sha256 } from "./digest.ts";
import { RegistryClient } from "./registry-client.ts";

describe("uploadBlob", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  const blob = { mediaType: "application/octet-stream", digest: sha256(bytes), size: bytes.length };
  let registry: HostileRegistry;
  let stored = Buffer.alloc(0);
  let faults: ((request: SeenRequest, response: ServerResponse) => boolean)[] = [];
  beforeAll(async () => {
    registry = await startHostileRegistry();
  });
  afterAll(() => registry.stop());
  afterEach(() => {
    registry.seen.length = 0;
    stored = Buffer.alloc(0);
    faults = [];
  });

  /** A registry that takes chunks, with faults put in front of the first PATCH or PUT requests. */
  const takeUploads = () => {
    registry.misbehave = (request, response) => {
      const { body, method, path } = request;
      const location = { location: "/v2/a/b/blobs/uploads/1?state=x" };
      const end = (status: number, headers: Record<string, string> = {}) => {
        response.writeHead(status, headers).end();
        return true;
      };
      if (method === "HEAD") return end(404);
      if (method === "POST") {
        stored = Buffer.alloc(0);
        return end(202, location);
      }
      if (method === "GET") return end(204, { ...location, range: `0-${stored.length - 1}` });
      const fault = faults.shift();
      if (fault?.(request, response)) return true;
      stored = Buffer.concat([stored, Buffer.from(body, "latin1")]);
      if (method === "PATCH") return end(202, location);
      const wanted = new URL(path, registry.url).searchParams.get("digest");
      return end(wanted === sha256(stored) ? 201 : 400);
    };
  };
  const client = () =>
    new RegistryClient(registry.host, { plainHttp: true, attempts: 3, baseDelayMs: 1, maxDelayMs: 5 });
  const upload = () => uploadBlob(client(), "a/b", blob, new Blob([bytes]), { chunkSize: 20_000 });
  const cut =
    (kept: number) =>
    ({ body }: SeenRequest, response: ServerResponse) => {
      stored = Buffer.concat([stored, Buffer.from(body.slice(0, kept), "latin1")]);
      response.destroy();
      return true;
    };
  const refuse = (status: number) => (_: SeenRequest, response: ServerResponse) => {
    response.writeHead(status).end();
    return true;
  };

  test("asks how far a chunk got that was cut, and sends the rest only", async () => {
    takeUploads();
    faults = [() => false, cut(7_000)];
    expect(await upload()).toBe("uploaded");
    expect(sha256(stored)).toBe(blob.digest);
    const ranges = registry.seen
      .filter(({ method }) => method === "PATCH")
      .map(({ headers }) => headers["content-range"]);
    expect(ranges).toEqual(["0-19999", "20000-39999", "27000-46999", "47000-49999"]);
  });

  test("opens a new session when the registry has lost the old one", async () => {
    takeUploads();
    faults = [cut(0)];
    expect(await upload()).toBe("uploaded");
    expect(registry.seen.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  test.each([429, 500])("goes on after status %p", async (status) => {
    takeUploads();
    faults = [() => false, refuse(status)];
    expect(await upload()).toBe("uploaded");
    expect(sha256(stored)).toBe(blob.digest);
  });

  test("gives up at once on a refusal, and in the end on a registry that always fails", async () => {
    takeUploads();
    faults = [refuse(403)];
    await expect(upload()).rejects.toMatchObject({ code: "OCI_AUTH" });
    faults = Array.from({ length: 50 }, () => refuse(500));
    await expect(upload()).rejects.toThrow("status 500");
  });

  test("sends no credentials to an upload location on another host", async () => {
    const other = await startHostileRegistry();
    try {
      other.misbehave = (_, response) => {
        response.writeHead(201).end();
        return true;
      };
      registry.misbehave = ({ headers, method }, response) => {
        if (!headers["authorization"]) response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
        else if (method === "HEAD") response.writeHead(404).end();
        else response.writeHead(202, { location: `${other.url}/elsewhere` }).end();
        return true;
      };
      const credentials = async () => ({ username: "u", password: "p" });
      const known = new RegistryClient(registry.host, { plainHttp: true, attempts: 1, credentials });
      expect(await uploadBlob(known, "a/b", blob, new Blob([bytes]))).toBe("uploaded");
      expect(other.seen.map(({ headers, method }) => [method, headers["authorization"]])).toEqual([
        ["PUT", undefined],
      ]);
    } finally {
      await other.stop();
    }
  });
});
