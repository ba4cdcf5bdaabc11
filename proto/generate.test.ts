import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tools = join(import.meta.dir, "../node_modules/.bin");
const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
const buf = (...args: string[]) => {
  const { exitCode, stderr } = Bun.spawnSync(["buf", ...args], { cwd: import.meta.dir, env });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
};

test("generated TypeScript and descriptors are what the .proto files give (bun run proto)", () => {
  const fresh = mkdtempSync(join(tmpdir(), "falco-proto-"));
  buf("generate", "--output", fresh);
  const files = [...new Bun.Glob("**/*.ts").scanSync(join(import.meta.dir, "gen"))].sort();
  expect([...new Bun.Glob("**/*.ts").scanSync(join(fresh, "gen"))].sort()).toEqual(files);
  for (const file of files) {
    expect(readFileSync(join(fresh, "gen", file), "utf8")).toBe(
      readFileSync(join(import.meta.dir, "gen", file), "utf8"),
    );
  }
  const ours = ["outputs", "version", "schema", "api"].flatMap((name) => ["--path", `${name}.proto`]);
  buf(
    "build",
    "-o",
    join(fresh, "falco.binpb"),
    "--as-file-descriptor-set",
    "--exclude-source-info",
    ...ours,
  );
  const kept = join(import.meta.dir, "clients/python/falco_client/gen/falco.binpb");
  expect(readFileSync(join(fresh, "falco.binpb")).equals(readFileSync(kept))).toBe(true);
  rmSync(fresh, { recursive: true });
}, 60_000);
