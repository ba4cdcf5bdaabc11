import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import type { Target } from "./targets.ts";

/**
 * The Bun executable that a target's binary is made from. For this machine it is the one that runs the build,
 * so nothing is fetched; for another, npm packs it from its registry (which checks its digest), once.
 */
export async function bunExecutable(target: Target, native: Target, cache: string): Promise<string> {
  if (target.name === native.name) return process.execPath;
  const directory = join(cache, `${target.package.replace("/", "+")}-${Bun.version}`);
  const executable = join(directory, "package/bin/bun");
  if (existsSync(executable)) return executable;
  const staged = `${directory}.${process.pid}`;
  mkdirSync(staged, { recursive: true });
  try {
    const spec = `${target.package}@${Bun.version}`;
    run(["npm", "pack", "--silent", "--pack-destination", staged, spec], `Cannot fetch ${spec}`);
    const [archive] = [...new Bun.Glob("*.tgz").scanSync(staged)];
    run(["tar", "-xzf", join(staged, archive!), "-C", staged], `Cannot unpack ${spec}`);
    rmSync(join(staged, archive!));
    renameSync(staged, directory);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  return executable;
}

function run(words: string[], failure: string): void {
  const { exitCode, stderr } = Bun.spawnSync(words, { stdin: "ignore" });
  if (exitCode !== 0) {
    throw new FalcoError(
      "BUILD_FETCH",
      `${failure}: "${words[0]}" ended with ${exitCode}: ${stderr.toString().trim()}`,
      {
        hint: "other targets than this machine's need the npm registry",
      },
    );
  }
}
