import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { decodeConfig } from "../package/artifact-config.ts";
import { packOwn } from "./pack-own.ts";

test("packOwn makes an image layout per rules file, the same bytes each time, with all its tags", async () => {
  const dir = tempDir();
  const rulesDir = join(dir, "rules");
  mkdirSync(rulesDir);
  writeFileSync(join(rulesDir, "falco_rules.yaml"), "- required_engine_version: 0.31.0\n- rule: x\n");
  writeFileSync(join(rulesDir, "README.md"), "not rules");
  const pack = (out: string) =>
    packOwn({ rulesDir, version: "1.2.3", outDir: join(dir, out), log: () => undefined });
  const [first, second] = [await pack("one"), await pack("two")];
  expect(first).toEqual([
    { name: "falco-rules", digest: second[0]!.digest, where: join(dir, "one", "falco-rules") },
  ]);
  const where = first[0]!.where;
  const json = (path: string) => JSON.parse(readFileSync(join(where, path), "utf8"));
  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  const names = json("index.json").manifests.map(
    (m: { annotations: Record<string, string> }) => Object.values(m.annotations)[0],
  );
  expect(names.sort()).toEqual(["1", "1.2", "1.2.3", "latest"]);
  const blob = (digest: string) => readFileSync(join(where, "blobs", ...digest.split(":")));
  const manifest = JSON.parse(blob(first[0]!.digest).toString());
  expect(decodeConfig(blob(manifest.config.digest), "x")).toEqual({
    name: "falco-rules",
    version: "1.2.3",
    dependencies: [],
    requirements: [{ name: "engine_version_semver", version: "0.31.0" }],
  });
  expect(readdirSync(join(where, "blobs", "sha256"))).toHaveLength(3);
});

test("the product's own rule sets pack", async () => {
  const rulesDir = join(import.meta.dir, "..", "..", "core", "library", "rules");
  const packed = await packOwn({
    rulesDir,
    version: "0.1.0",
    outDir: join(tempDir(), "own"),
    log: () => undefined,
  });
  expect(packed.map(({ name }) => name)).toContain("falco-rules");
});
