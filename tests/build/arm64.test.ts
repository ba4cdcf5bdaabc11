import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { ENGINE_SETTINGS } from "../../core/ffi/engine-setting.ts";
import { findGlibc } from "./glibc.ts";
import { guard } from "./guard.ts";
import { onefile } from "./onefile.ts";
import { findTarget, nativeTarget } from "./targets.ts";

const EMULATOR = "qemu-aarch64-static";
const maps = readFileSync("/proc/self/maps", "utf8");
const target = findTarget("linux-arm64");
const glibc = findGlibc(target, nativeTarget(maps), maps);
// Where an earlier build for ARM64 left Bun's executable; nothing is fetched for a test.
const bun = resolve(
  import.meta.dir,
  `../../node_modules/.cache/falco-build/@oven+bun-linux-aarch64-${Bun.version}/package/bin/bun`,
);
const missing =
  (process.arch === "arm64" ? "this machine runs the same code in onefile.test.ts" : undefined) ??
  (Bun.which(EMULATOR) ? undefined : `${EMULATOR} is not installed`) ??
  (typeof glibc === "string" ? glibc : undefined) ??
  (existsSync(bun) ? undefined : "no ARM64 Bun here: npm run build -- --target linux-arm64");
const titled = (text: string): string => (missing === undefined ? text : `${text} [skipped: ${missing}]`);

let directory: string;
let program: Buffer;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "falco-arm64-"));
  if (missing !== undefined) return;
  const source = join(directory, "probe.ts");
  writeFileSync(source, "console.log(JSON.stringify({ arch: process.arch, env: process.env }))");
  const compile = {
    outfile: join(directory, "plain"),
    executablePath: bun,
    target: "bun-linux-arm64" as const,
  };
  expect((await Bun.build({ entrypoints: [source], compile })).success).toBe(true);
  program = readFileSync(join(directory, "plain"));
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a program under emulation with hostile variables and two that may stay. */
function emulate(bytes: Buffer, ...emulator: string[]): unknown {
  const path = join(directory, "program");
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
  const env = {
    PATH: process.env.PATH ?? "",
    FIRST: "1",
    BUN_BE_BUN: "1",
    BUN_OPTIONS: "--eval=1",
    BUNNY: "kept",
  };
  const child = Bun.spawnSync([EMULATOR, ...emulator, path], { env, stdin: "ignore" });
  expect(child.stderr.toString()).toBe("");
  return JSON.parse(child.stdout.toString());
}
const kept = { FIRST: "1", BUNNY: "kept" };
const added = ENGINE_SETTINGS;

describe("the ARM64 stub, emulated", () => {
  test.skipIf(missing !== undefined)(
    titled("starts a program that carries its C library, without the hostile variables"),
    () => {
      const { loader, libraries } = glibc as Exclude<typeof glibc, string>;
      const read = (path: string) => ({ name: basename(path), bytes: readFileSync(path) });
      const result = emulate(onefile(program, read(loader), libraries.map(read)));
      expect(result).toEqual({ arch: "arm64", env: expect.objectContaining({ ...added, ...kept }) });
      expect(JSON.stringify(result)).not.toMatch(/BUN_(?!JSC_)/);
    },
  );

  test.skipIf(missing !== undefined)(titled("guards a program that uses the machine's C library"), () => {
    const result = emulate(guard(program), "-L", "/usr/aarch64-linux-gnu");
    expect(result).toEqual({ arch: "arm64", env: expect.objectContaining(kept) });
    expect(JSON.stringify(result)).not.toMatch(/BUN_/);
  });
});
