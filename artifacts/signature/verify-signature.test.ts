import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pushFalcoArtifact } from "../../tests/harness/falco-artifact.ts";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { type Signing, TestSigstore } from "../../tests/harness/sigstore.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import type { CosignPolicy } from "../index/index-entry.ts";
import { mediaTypes } from "../oci/manifest.ts";
import { RegistryClient } from "../oci/registry-client.ts";
import { Repository } from "../oci/repository.ts";
import { verifySignature } from "./verify-signature.ts";

const identity = "https://github.com/falcosecurity/rules/.github/workflows/release.yaml@refs/tags/1.0.0";
const issuer = "https://token.actions.githubusercontent.com";
const good: Signing = { identity, issuer };
const policy: CosignPolicy = { issuer, identity, ignoreTlog: false };
const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: "", size: 2 };

describe("verifySignature", () => {
  const dir = tempDir();
  const sigstore = new TestSigstore();
  const trustedRoot = join(dir, "trusted_root.json");
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = keys.publicKey.export({ type: "spki", format: "pem" }).toString();
  let registry: HostileRegistry;
  let counter = 0;
  beforeAll(async () => {
    registry = await startHostileRegistry();
    writeFileSync(trustedRoot, JSON.stringify(sigstore.trustedRoot()));
  });
  afterAll(() => registry.stop());

  const artifact = () =>
    pushFalcoArtifact(registry, {
      type: "asset",
      name: "a",
      version: "1.0.0",
      files: { a: String(counter++) },
      tags: ["1"],
    });
  /** Puts signatures beside an artifact the way cosign does: layers of a manifest under a tag made of the digest. */
  const attach = (
    digest: string,
    ...signatures: { payload: string; annotations: Record<string, string> }[]
  ) => {
    const layers = signatures.map(({ annotations, payload }) => ({
      mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
      digest: registry.blob(payload),
      size: payload.length,
      annotations,
    }));
    const config = { ...empty, digest: registry.blob("{}") };
    registry.manifest({ schemaVersion: 2, config, layers }, `${digest.replace(":", "-")}.sig`);
  };
  const verify = (digest: string, wanted = policy, root: string | undefined = trustedRoot) => {
    const repository = new Repository(
      new RegistryClient(registry.host, { plainHttp: true, attempts: 1 }),
      "a/b",
    );
    return verifySignature(repository, digest, wanted, { trustedRoot: root });
  };
  const refused = (digest: string, why: string, wanted = policy) =>
    expect(verify(digest, wanted)).rejects.toMatchObject({
      code: "SIGNATURE",
      message: expect.stringContaining(why),
    });

  test("accepts a keyless signature by the identity and issuer that the index names, exactly or by pattern", async () => {
    const digest = artifact();
    attach(digest, sigstore.keyless(digest, { ...good, workflow: "Release" }));
    await verify(digest);
    await verify(digest, { ...policy, githubWorkflow: "Release" });
    await verify(digest, {
      issuerRegexp: "^https://token\\.",
      identityRegexp: "github.com/falcosecurity/",
      ignoreTlog: false,
    });
    await refused(digest, 'its workflow is "Release"', { ...policy, githubWorkflow: "Other" });
    await refused(digest, "its identity is", { ...policy, identity: "https://github.com/evil/rules" });
    await refused(digest, "its identity is", {
      issuer,
      identityRegexp: "^https://gitlab",
      ignoreTlog: false,
    });
    await refused(digest, "its issuer is", { ...policy, issuer: "https://accounts.example" });
  });

  test.each<[string, Partial<Signing>, string]>([
    ["whose certificate was not logged", { withoutSct: true }, "SCT"],
    ["that is not in the transparency log", { withoutLog: true }, "timestamp"],
    ["made after its certificate had expired", { loggedAfter: 1_200_000 }, "certificate"],
  ])("refuses a signature %s", async (_, flaw, why) => {
    const digest = artifact();
    attach(digest, sigstore.keyless(digest, { ...good, ...flaw }));
    await refused(digest, why);
  });

  test("refuses a signature of something else, changed bytes, and another authority's", async () => {
    const digest = artifact();
    attach(digest, sigstore.keyless(artifact(), good));
    await refused(digest, "it signs another digest");
    const { annotations, payload } = sigstore.keyless(digest, good);
    attach(digest, { annotations, payload: payload.replace('"optional":null', '"optional":{}') });
    await refused(digest, "mismatch");
    attach(digest, new TestSigstore().keyless(digest, good));
    await refused(digest, "no signature of it is valid");
    attach(
      digest,
      { payload, annotations: {} },
      { payload, annotations: { ...annotations, "dev.sigstore.cosign/bundle": "{" } },
    );
    await refused(
      digest,
      "a signature without its value; a signature whose transparency log entry is malformed",
    );
  });

  test("accepts a Sigstore bundle among the referrers, by the same rules", async () => {
    const digest = artifact();
    const attachBundle = (text: string) => {
      const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
      const layers = [{ mediaType, digest: registry.blob(text), size: Buffer.byteLength(text) }];
      const manifest = { schemaVersion: 2, config: { ...empty, digest: registry.blob("{}") }, layers };
      const size = JSON.stringify(manifest).length;
      const referrer = {
        mediaType: mediaTypes.manifest,
        digest: registry.manifest(manifest),
        size,
        artifactType: mediaType,
      };
      registry.manifest(
        { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [referrer] },
        digest.replace(":", "-"),
      );
    };
    attachBundle(sigstore.bundle(digest, good));
    await verify(digest);
    await refused(digest, "its identity is", { ...policy, identity: "https://github.com/evil/rules" });
    attachBundle(sigstore.bundle(artifact(), good));
    await refused(digest, "it signs another digest");
    attachBundle(sigstore.bundle(digest, good).replace(/"payload":"..../, '"payload":"eyJh'));
    await refused(digest, "no signature of it is valid");
    attachBundle("{}");
    await refused(digest, "no valid Sigstore bundle");
    attachBundle("nonsense");
    await refused(digest, "no signature of it is valid");
  });

  test("one good signature among others is enough", async () => {
    const digest = artifact();
    const other = { ...good, identity: "https://example.com/somebody" };
    attach(
      digest,
      sigstore.keyless(digest, other),
      { payload: "{}", annotations: {} },
      sigstore.keyless(digest, good),
    );
    await verify(digest);
  });

  test("accepts a signature by key, in the log or with the log left out, and no other key's", async () => {
    const digest = artifact();
    const file = join(dir, "cosign.pub");
    writeFileSync(file, key);
    attach(digest, sigstore.keyed(digest, keys));
    await verify(digest, { key: file, ignoreTlog: false });
    await verify(digest, { key, ignoreTlog: true }, undefined);
    attach(digest, sigstore.keyed(digest, keys, { withoutLog: true }));
    await verify(digest, { key, ignoreTlog: true }, undefined);
    await refused(digest, "expected 1", { key, ignoreTlog: false });
    const others = generateKeyPairSync("ec", { namedCurve: "P-256" });
    attach(digest, sigstore.keyed(digest, others));
    await refused(digest, "signature verification failed", { key, ignoreTlog: true });
    await refused(digest, "Cannot load the public key", { key: join(dir, "none.pub"), ignoreTlog: true });
    await refused(digest, 'keys of "awskms" are not supported', {
      key: "awskms:///alias/x",
      ignoreTlog: true,
    });
  });

  test("refuses what has no signature, and says how to go on", async () => {
    await expect(verify(artifact())).rejects.toMatchObject({
      code: "SIGNATURE",
      hint: expect.stringContaining("--no-verify"),
    });
  });

  test("names a trusted root that can't be read", async () => {
    const digest = artifact();
    attach(digest, sigstore.keyless(digest, good));
    await expect(verify(digest, policy, join(dir, "none.json"))).rejects.toThrow(
      "Cannot read the trusted root",
    );
  });
});
