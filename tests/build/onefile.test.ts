import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ENGINE_SETTINGS } from "../../core/ffi/engine-setting.ts";
import { EmptyRoot, emptyRootUnavailable } from "../harness/empty-root.ts";
import { PF, PT, readElf, sectionOf } from "./elf.ts";
import { findGlibc, type Glibc } from "./glibc.ts";
import { guard } from "./guard.ts";
import { onefile } from "./onefile.ts";
import { nativeTarget } from "./targets.ts";

const maps = readFileSync("/proc/self/maps", "utf8");
const native = nativeTarget(maps);
const glibc = findGlibc(native, native, maps);
const noGlibc = typeof glibc === "string" ? glibc : undefined;
const noRoot = noGlibc ?? emptyRootUnavailable();
/** What the stub adds for the JavaScript engine. */
const added = ENGINE_SETTINGS;
const hostile = {
  BUN_BE_BUN: "1",
  BUN_OPTIONS: "--preload=/falco",
  BUN_INSPECT: "localhost:0",
  BUN_INSPECT_CONNECT_TO: "x",
  NODE_OPTIONS: "--require=/x",
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  LD_PRELOAD: "/nothing.so",
};

let directory: string;
let program: Buffer;
let joined: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "falco-onefile-"));
  const plain = join(directory, "plain");
  // Of the size that programs have.
  const entry = join(directory, "probe.ts");
  writeFileSync(
    entry,
    `import "${join(import.meta.dir, "fixtures/probe.ts")}";\nglobalThis.padding = "${"x".repeat(300_000)}";\n`,
  );
  const result = await Bun.build({
    entrypoints: [entry],
    compile: { outfile: plain, executablePath: process.execPath },
  });
  expect(result.success).toBe(true);
  program = readFileSync(plain);
  joined = join(directory, "joined");
  if (noGlibc === undefined) save(joined, selfContained(program, glibc as Glibc));
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const selfContained = (main: Buffer, { loader, libraries }: Glibc): Buffer => {
  const read = (path: string) => ({ name: basename(path), bytes: readFileSync(path) });
  return onefile(main, read(loader), libraries.map(read));
};
const save = (path: string, bytes: Buffer): void => {
  writeFileSync(path, bytes);
  chmodSync(path, 0o755);
};
const skipping = (reason: string | undefined): string =>
  reason === undefined ? "" : ` [skipped: ${reason}]`;
const start = (path: string, env: Record<string, string>) => {
  const child = Bun.spawnSync([path], { env, stdin: "ignore" });
  expect(child.stderr.toString()).toBe("");
  return JSON.parse(child.stdout.toString());
};

describe("onefile()", () => {
  test.skipIf(noRoot !== undefined)(
    `its result runs where there is nothing but the file and /proc${skipping(noRoot)}`,
    () => {
      const root = new EmptyRoot(joined);
      try {
        const { code, stdout, stderr } = root.run([], { KEPT: "yes" });
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        const seen = JSON.parse(stdout);
        expect(seen).toMatchObject({
          executable: "/falco",
          execPath: "/falco",
          root: ["falco", "proc"],
          answer: 42,
        });
        expect(seen.env.KEPT).toBe("yes");
        // The same program once more, with a stub of its own.
        expect(seen.child).toEqual({ ...added, SEEN: "1" });
      } finally {
        root.remove();
      }
    },
  );

  test.skipIf(noGlibc !== undefined)(
    `its result never sees the variables that would make it an interpreter${skipping(noGlibc)}`,
    () => {
      const seen = start(joined, { ...hostile, FIRST: "1", BUNNY: "kept", B: "", LAST: "9" });
      expect(seen.env).toEqual({ ...added, FIRST: "1", BUNNY: "kept", B: "", LAST: "9" });
      expect(seen.parent).toBe(process.pid);
      expect(seen.pageSize).toBeGreaterThanOrEqual(4096);
    },
  );

  test.skipIf(noGlibc !== undefined)(
    `its result starts with no environment at all${skipping(noGlibc)}`,
    () => {
      expect(start(joined, {}).env).toEqual(added);
    },
  );

  test.skipIf(noGlibc !== undefined)("refuses a program that is not one, or is cut short", () => {
    expect(() => selfContained(Buffer.from("#!/bin/sh\n"), glibc as Glibc)).toThrow("not an ELF file");
    expect(() => selfContained(program.subarray(0, 5000), glibc as Glibc)).toThrow(
      "a segment lies outside the file",
    );
  });

  test.skipIf(noGlibc !== undefined)(
    "keeps the program's bytes but for the headers and the library list",
    () => {
      const before = readElf(program, "before");
      const after = readFileSync(joined);
      const text = before.segments.find((s) => s.type === 1 && s.flags === 5)!;
      const slice = (bytes: Buffer) => Bun.hash(bytes.subarray(text.offset, text.offset + text.fileSize));
      expect(slice(after)).toBe(slice(program));
    },
  );
});

test.skipIf(noGlibc !== undefined)("its result can't write to its own modules", () => {
  const elf = readElf(readFileSync(joined), "joined");
  const { start, end } = sectionOf(elf, ".bun")!;
  const flags = (address: number) =>
    elf.segments.find((s) => s.type === PT.load && address >= s.address && address < s.address + s.memorySize)
      ?.flags;
  expect(flags((start + end) / 2)).toBe(PF.r);
  // What lies before and behind on the same pages stays as it was.
  expect([flags(start - 1), flags(start), flags(end - 1)]).toEqual([6, 6, 6]);
});

describe("guard()", () => {
  test("its result drops the same variables and keeps the loader", () => {
    const path = join(directory, "guarded");
    save(path, guard(program));
    const seen = start(path, { ...hostile, LD_PRELOAD: "", FIRST: "1", BUNNY: "kept", LAST: "9" });
    expect(seen.env).toEqual({ FIRST: "1", BUNNY: "kept", LAST: "9" });
    expect(seen.pageSize).toBeGreaterThanOrEqual(4096);
    expect(seen.answer).toBe(42);
  });

  test("refuses what has no note segment to give up", () => {
    expect(() => guard(Buffer.from(guard(program)))).toThrow("no note segment");
  });
});
