import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type DockerRegistry,
  registryMissing,
  startDockerRegistry,
} from "../../tests/harness/docker-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import type { Credential } from "./authorize.ts";
import { sha256 } from "./digest.ts";
import { type Descriptor, mediaTypes } from "./manifest.ts";
import { parseReference } from "./reference.ts";
import { Repository } from "./repository.ts";

const missing = registryMissing();
if (missing) console.warn(`skipping Repository against a real registry: ${missing}`);

const user = { name: "pusher", password: "s3cret:with:colons" };
const kinds = [
  { name: "plain", tls: false, auth: false },
  { name: "htpasswd", tls: false, auth: true },
  { name: "TLS and htpasswd", tls: true, auth: true },
];

const blobOf = (bytes: Uint8Array, mediaType = "application/octet-stream"): Descriptor => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});

describe.skipIf(missing !== undefined).each(kinds)("Repository, docker-registry, $name", ({ tls, auth }) => {
  const dir = tempDir();
  let registry: DockerRegistry;
  const trusted = process.env["SSL_CERT_FILE"];
  beforeAll(async () => {
    registry = await startDockerRegistry({ tls, ...(auth && { user }) });
    if (registry.caFile) process.env["SSL_CERT_FILE"] = registry.caFile;
  });
  afterAll(async () => {
    if (trusted === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = trusted;
    await registry.stop();
  });
  const open = (
    name: string,
    credential: Credential | undefined = auth ? { username: user.name, password: user.password } : undefined,
  ) =>
    Repository.of(parseReference(`${registry.host}/${name}`), {
      plainHttp: !tls,
      attempts: 2,
      baseDelayMs: 5,
      credentials: async () => credential,
    });
  const push = async (repository: Repository, tag: string, extra: object = {}): Promise<Descriptor> => {
    const config = new TextEncoder().encode("{}");
    const layer = new TextEncoder().encode(`layer of ${tag}`);
    for (const bytes of [config, layer]) await repository.putBlob(blobOf(bytes), new Blob([bytes]));
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: blobOf(config, mediaTypes.empty),
      layers: [blobOf(layer)],
      ...extra,
    };
    return repository.putManifest(
      tag,
      mediaTypes.manifest,
      new TextEncoder().encode(JSON.stringify(manifest)),
    );
  };

  test("what is pushed by tag is read back by tag and by digest", async () => {
    const repository = open("team/rules");
    const pushed = await push(repository, "1.0.0");
    expect(await repository.resolve("1.0.0")).toBe(pushed.digest);
    for (const reference of ["1.0.0", pushed.digest]) {
      const { content, descriptor } = await repository.manifest(reference);
      expect(descriptor).toEqual(pushed);
      if (content.kind !== "manifest") throw new Error("not a manifest");
      expect(new TextDecoder().decode(await repository.readBlob(content.layers[0]!, 100))).toBe(
        "layer of 1.0.0",
      );
    }
    expect(await repository.resolve("2.0.0")).toBeUndefined();
  });

  test("tags lists every tag across pages", async () => {
    const repository = open("team/many");
    const names = Array.from({ length: 7 }, (_, i) => `0.${i}.0`);
    for (const name of names) await push(repository, name);
    expect((await repository.tags()).sort()).toEqual(names);
  });

  test("putBlob sends one piece or chunks, skips what is there and mounts what a sibling has", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const blob = blobOf(bytes);
    const seen: number[] = [];
    const chunked = { chunkSize: 16_000, onProgress: (done: number) => void seen.push(done) };
    expect(await open("chunks/a").putBlob(blob, new Blob([bytes]), chunked)).toBe("uploaded");
    expect(seen).toEqual([16_000, 32_000, 48_000, 60_000, 60_000]);
    expect(await open("chunks/a").putBlob(blob, new Blob([bytes]))).toBe("present");
    expect(await open("chunks/b").putBlob(blob, new Blob([bytes]), { mountFrom: "chunks/a" })).toBe(
      "mounted",
    );
    await open("chunks/b").download(blob, join(dir, "blob"));
    expect(sha256(await Bun.file(join(dir, "blob")).bytes())).toBe(blob.digest);
  });

  test("referrers finds manifests by their subject, where the registry has no referrers API", async () => {
    const repository = open("team/signed");
    const subject = await push(repository, "1.0.0");
    const first = await push(repository, "sig-1", { subject, artifactType: "application/vnd.test.a" });
    const second = await push(repository, "sig-2", { subject, artifactType: "application/vnd.test.b" });
    expect((await repository.referrers(subject.digest)).map((d) => d.digest)).toEqual([
      first.digest,
      second.digest,
    ]);
    const ofB = await repository.referrers(subject.digest, "application/vnd.test.b");
    expect(ofB.map((d) => d.digest)).toEqual([second.digest]);
    expect(await repository.referrers(second.digest)).toEqual([]);
  });

  test("a missing manifest is told as not found", async () => {
    await expect(open("team/none").manifest("1.0.0")).rejects.toMatchObject({ code: "OCI_NOT_FOUND" });
  });

  test.if(auth)("a wrong password or none is refused without naming it", async () => {
    for (const credential of [{ username: user.name, password: "wr0ng" }, {}]) {
      const error: Error = await open("team/rules", credential)
        .client.ping()
        .then(
          () => {
            throw new Error("accepted");
          },
          (e) => e,
        );
      expect(error).toMatchObject({ code: "OCI_AUTH" });
      expect(error.message).not.toContain("wr0ng");
    }
    await open("team/rules").client.ping();
  });

  test.if(tls)("a certificate of an unknown authority is refused at once", async () => {
    const file = process.env["SSL_CERT_FILE"];
    delete process.env["SSL_CERT_FILE"];
    try {
      await expect(open("x/y").client.ping()).rejects.toThrow("signed by an unknown authority");
    } finally {
      process.env["SSL_CERT_FILE"] = file;
    }
  });

  test.if(!tls)("without plainHttp the registry is not spoken to unencrypted", async () => {
    const reference = parseReference(`${registry.host}/x/y`);
    await expect(Repository.of(reference).client.ping()).rejects.toThrow("does not speak TLS");
  });
});
