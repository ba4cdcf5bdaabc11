import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type TarMember, tar, tarGz } from "../../tests/harness/tar-archive.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { extractArchive } from "./extract.ts";

describe("extractArchive", () => {
  const dir = tempDir();
  let counter = 0;
  const unpack = async (archive: Uint8Array, limits = { bytes: 1 << 20, files: 20 }) => {
    const base = join(dir, String(counter++));
    const target = join(base, "a", "target");
    mkdirSync(target, { recursive: true });
    const file = join(base, "archive.tar.gz");
    writeFileSync(file, archive);
    const files = await extractArchive(file, target, limits);
    return { files, target };
  };

  test("unpacks files and directories, keeps whether they run and nothing else of their mode", async () => {
    const { files, target } = await unpack(
      tarGz([
        { name: "./", type: "5", mode: 0o777 },
        { name: "sub/", type: "5" },
        { name: "./sub/rules.yaml", content: "- rule: x\n", mode: 0o666 },
        { name: "libx.so", content: "ELF", mode: 0o6755 },
      ]),
    );
    expect(files).toEqual(["sub/rules.yaml", "libx.so"]);
    expect(readFileSync(join(target, "sub/rules.yaml"), "utf8")).toBe("- rule: x\n");
    expect(statSync(join(target, "libx.so")).mode & 0o7777).toBe(0o755);
    expect(statSync(join(target, "sub/rules.yaml")).mode & 0o7777).toBe(0o644);
  });

  test("unpacks what consists of several gzip members", async () => {
    const whole = tar([{ name: "a", content: "x".repeat(2000) }]);
    const { target } = await unpack(
      Buffer.concat([gzipSync(whole.subarray(0, 700)), gzipSync(whole.subarray(700))]),
    );
    expect(readFileSync(join(target, "a"), "utf8")).toBe("x".repeat(2000));
  });

  const hostile: [string, readonly TarMember[]][] = [
    ["leads out of the target directory", [{ name: "../evil", content: "x" }]],
    ["leads out of the target directory", [{ name: "a/../../evil", content: "x" }]],
    ["is an absolute path", [{ name: "/tmp/evil", content: "x" }]],
    [
      "is a symlink",
      [
        { name: "a", type: "2", linkname: "/etc" },
        { name: "a/evil", content: "x" },
      ],
    ],
    ["is a link", [{ name: "a", type: "1", linkname: "/etc/passwd" }]],
    ["is a character-device", [{ name: "a", type: "3" }]],
    ["is a fifo", [{ name: "a", type: "6" }]],
    [
      "stands in it twice",
      [
        { name: "a", content: "1" },
        { name: "./a", content: "2" },
      ],
    ],
    ["has control characters", [{ name: "a\x1b[31m", content: "x" }]],
    ["has no name", [{ name: "./", content: "x" }]],
    ["no file is in it", [{ name: "a/", type: "5" }]],
    ["more than 20 files", Array.from({ length: 21 }, (_, i) => ({ name: `f${i}`, content: "x" }))],
    ["Unexpected end", [{ name: "a", content: "x", claimedSize: 100_000 }]],
    ["more than 1048576 bytes", [{ name: "a", content: "x", claimedSize: 8_000_000_000 }]],
    ["Header exceeds max size", [{ name: "p", type: "x", claimedSize: 1_000_000_000 }]],
    [
      "EEXIST",
      [
        { name: "a/b", content: "x" },
        { name: "a", content: "x" },
      ],
    ],
  ];
  test.each(hostile)("refuses an archive in which something %s", async (why, members) => {
    await expect(unpack(tarGz(members))).rejects.toMatchObject({
      code: "ARCHIVE",
      message: expect.stringContaining(why),
    });
    const written = readdirSync(join(dir, String(counter - 1)), { recursive: true }).map(String);
    expect(
      written.filter((name) => !name.startsWith("a/target") && name !== "a" && name !== "archive.tar.gz"),
    ).toEqual([]);
    expect(existsSync("/tmp/evil")).toBe(false);
  });

  test("stops a bomb at its limit, with bounded memory", async () => {
    const bomb = gzipSync(tar([{ name: "zeros", content: new Uint8Array(200 << 20) }]));
    expect(bomb.length).toBeLessThan(300_000);
    await expect(unpack(bomb)).rejects.toThrow("more than 1048576 bytes");
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["no gzip", Buffer.from("hello")],
    ["no tar", gzipSync("hello".repeat(1000))],
    [
      "a cut gzip",
      tarGz([{ name: "a", content: crypto.getRandomValues(new Uint8Array(5000)) }]).subarray(0, 3000),
    ],
  ])("refuses %s with one error", async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toMatchObject({ code: "ARCHIVE" });
  });
});
