import { mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FalcoError } from "../../core/errors.ts";
import { bunExecutable } from "./bun-executable.ts";
import { compile } from "./compile.ts";
import { findTarget, nativeTarget, type Target } from "./targets.ts";

const ROOT = resolve(import.meta.dir, "../..");

export interface Built {
  readonly path: string;
  readonly target: Target;
  readonly bytes: number;
}

/** Builds the binary for a target (default: this machine) into dist/ and returns where it is. */
export async function build(name?: string, outfile?: string): Promise<Built> {
  const native = nativeTarget(readFileSync("/proc/self/maps", "utf8"));
  const target = name === undefined ? native : findTarget(name);
  const path = resolve(
    outfile ?? join(ROOT, "dist", target.name === native.name ? "falco" : `falco-${target.name}`),
  );
  mkdirSync(dirname(path), { recursive: true });
  // Written beside and renamed, so that a running falco keeps its file and a failed build leaves the old one.
  const staged = `${path}.${process.pid}`;
  await compile(
    ROOT,
    await bunExecutable(target, native, join(ROOT, "node_modules/.cache/falco-build")),
    staged,
  );
  renameSync(staged, path);
  return { path, target, bytes: statSync(path).size };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
  try {
    const built = await build(values.target, values.outfile);
    console.log(`${built.path} (${built.target.name}, ${(built.bytes / 1e6).toFixed(1)} MB)`);
  } catch (error) {
    console.error(error instanceof FalcoError ? error.format() : error);
    process.exit(1);
  }
}
