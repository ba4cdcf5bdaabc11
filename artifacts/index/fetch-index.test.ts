import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { backendOf, fetchIndex } from "./fetch-index.ts";

describe("fetchIndex", () => {
  const text = "- {name: a, type: plugin, registry: r.io, repository: a}\n";
  let server: HostileRegistry;
  beforeAll(async () => {
    server = await startHostileRegistry();
  });
  afterAll(() => server.stop());

  test("reads an object of Google's storage by its API", async () => {
    server.misbehave = ({ path }, response) => {
      const right = path === "/storage/v1/b/bucket/o/some%2Findex.yaml?alt=media";
      response.writeHead(right ? 200 : 404).end(text);
      return true;
    };
    const env = { STORAGE_EMULATOR_HOST: server.host };
    expect(await fetchIndex("gs://bucket/some/index.yaml", "gcs", {}, { env })).toEqual({ text });
  });

  test("reads an object of S3 with a signed request, and names what is missing", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: "AKIA",
      AWS_SECRET_ACCESS_KEY: "s3cret",
      AWS_REGION: "eu-west-1",
      AWS_ENDPOINT_URL: server.url,
    };
    server.misbehave = ({ headers, path }, response) => {
      const signed = headers["authorization"]?.startsWith("AWS4-HMAC-SHA256 Credential=AKIA/");
      if (path !== "/bucket/some/index.yaml" || !signed) response.writeHead(404).end();
      else response.writeHead(200, { "content-length": text.length }).end(text);
      return true;
    };
    expect(await fetchIndex("s3://bucket/some/index.yaml", "s3", {}, { env })).toEqual({ text });
    const missing = fetchIndex("s3://bucket/none.yaml", "s3", {}, { env });
    await expect(missing).rejects.toThrow("Cannot read index s3://bucket/none.yaml");
  });

  test.each([
    ["https://x/i.yaml", "https"],
    ["HTTP://x/i.yaml", "http"],
    ["file:///i.yaml", "file"],
    ["/srv/i.yaml", "file"],
    ["s3://b/i.yaml", "s3"],
    ["gs://b/i.yaml", "gcs"],
  ])("backendOf %s is %s", (url, backend) => {
    expect<string>(backendOf(url)).toBe(backend);
  });
});
