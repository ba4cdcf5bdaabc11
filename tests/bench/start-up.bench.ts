import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { BenchRow } from "./bench.ts";

const BINARY = resolve(import.meta.dir, "../../dist/falco");
const RUNS = 30;

export const name = "start-up";
export const description = "from exec to exit of the compiled binary; `--version` is to stay below 150 ms";

export async function run(): Promise<readonly BenchRow[] | string> {
  if (!existsSync(BINARY)) return "there is no dist/falco: npm run build";
  return [["version"], ["fields"], ["--help"]].map(measure);
}

function measure(words: readonly string[]): BenchRow {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    Bun.spawnSync([BINARY, ...words], { stdout: "ignore" });
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return {
    command: `falco ${words.join(" ")}`,
    "median ms": times[RUNS >> 1]!,
    "slowest ms": times.at(-1)!,
    "file MB": statSync(BINARY).size / 1e6,
  };
}
