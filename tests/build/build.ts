import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FalcoError } from "../../core/errors.ts";
import { bunExecutable } from "./bun-executable.ts";
import { compile } from "./compile.ts";
import { findGlibc, type Glibc } from "./glibc.ts";
import { guard } from "./guard.ts";
import { notices } from "./notices.ts";
import { onefile } from "./onefile.ts";
import { findTarget, nativeTarget, type Target } from "./targets.ts";

const ROOT = resolve(import.meta.dir, "../..");

export interface Built {
  readonly path: string;
  readonly target: Target;
  readonly bytes: number;
  /** Why the file still needs a C library beside it; absent when it carries its own. */
  readonly needs?: string;
}

/** Builds the binary for a target (default: this machine) into dist/ and returns where it is. */
export async function build(name?: string, outfile?: string): Promise<Built> {
  const maps = readFileSync("/proc/self/maps", "utf8");
  const native = nativeTarget(maps);
  const target = name === undefined ? native : findTarget(name);
  const path = resolve(
    outfile ?? join(ROOT, "dist", target.name === native.name ? "falco" : `falco-${target.name}`),
  );
  mkdirSync(dirname(path), { recursive: true });
  // Written beside and renamed, so that a running falco keeps its file and a failed build leaves the old one.
  const staged = `${path}.${process.pid}`;
  try {
    await compile(
      ROOT,
      await bunExecutable(target, native, join(ROOT, "node_modules/.cache/falco-build")),
      staged,
    );
    const glibc = findGlibc(target, native, maps);
    const bytes =
      typeof glibc === "string" ? guard(readFileSync(staged)) : selfContained(readFileSync(staged), glibc);
    writeFileSync(staged, bytes);
    chmodSync(staged, 0o755);
    renameSync(staged, path);
    writeFileSync(join(dirname(path), "NOTICES.txt"), notices(ROOT));
    return { path, target, bytes: bytes.length, ...(typeof glibc === "string" ? { needs: glibc } : {}) };
  } finally {
    rmSync(staged, { force: true });
  }
}

function selfContained(program: Buffer, { loader, libraries }: Glibc): Buffer {
  const read = (path: string) => ({ name: basename(path), bytes: readFileSync(path) });
  return onefile(program, read(loader), libraries.map(read));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
  try {
    const built = await build(values.target, values.outfile);
    console.log(`${built.path} (${built.target.name}, ${(built.bytes / 1e6).toFixed(1)} MB)`);
    if (built.needs) console.log(`  not self-contained: ${built.needs}`);
  } catch (error) {
    console.error(error instanceof FalcoError ? error.format() : error);
    process.exit(1);
  }
}
