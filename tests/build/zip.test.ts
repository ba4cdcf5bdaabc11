import { expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../harness/temp-dir.ts";
import { zip } from "./zip.ts";

const unpacker = ["python3", "unzip"].find((program) => Bun.which(program));
const COMMANDS: Readonly<Record<string, (archive: string, folder: string) => string[]>> = {
  unzip: (archive, folder) => ["unzip", "-q", archive, "-d", folder],
  // Python's own module checks sums and sizes, but leaves modes to its caller.
  python3: (archive, folder) => [
    "python3",
    "-c",
    "import os,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n" +
      "for i in z.infolist():\n os.chmod(z.extract(i,sys.argv[2]), i.external_attr>>16 & 0o7777)",
    archive,
    folder,
  ],
};

test.skipIf(unpacker === undefined)(
  `zip() is unpacked by another implementation, with modes${unpacker ? "" : " [skipped: neither python3 nor unzip]"}`,
  async () => {
    const folder = tempDir();
    const big = Buffer.alloc(3_000_000, "falco");
    const archive = zip([
      { path: "bootstrap", mode: 0o755, content: Buffer.from("#!/bin/sh\n") },
      { path: "dir/data", mode: 0o640, content: big },
      { path: "empty", mode: 0o600, content: Buffer.alloc(0) },
    ]);
    writeFileSync(join(folder, "a.zip"), archive);
    const run = Bun.spawnSync(COMMANDS[unpacker!]!(join(folder, "a.zip"), join(folder, "out")));
    expect({ code: run.exitCode, said: run.stderr.toString() }).toEqual({ code: 0, said: "" });
    const read = (name: string) => Bun.file(join(folder, "out", name));
    expect(await read("bootstrap").text()).toBe("#!/bin/sh\n");
    expect(Buffer.from(await read("dir/data").bytes()).equals(big)).toBe(true);
    expect(await read("empty").text()).toBe("");
    const mode = (name: string) => statSync(join(folder, "out", name)).mode & 0o777;
    expect([mode("bootstrap"), mode("dir/data"), mode("empty")]).toEqual([0o755, 0o640, 0o600]);
  },
);
