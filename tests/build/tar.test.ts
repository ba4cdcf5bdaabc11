import { expect, test } from "bun:test";
import { extract } from "tar-stream";
import { tar } from "./tar.ts";

const modified = new Date("2026-01-02T03:04:05Z");

test("tar() is read back by another implementation, byte for byte", async () => {
  const content = Buffer.from("x".repeat(513));
  const archive = tar(
    [
      { path: "dir/", mode: 0o1777 },
      { path: "dir/empty", mode: 0o600, content: Buffer.alloc(0) },
      { path: "dir/file", mode: 0o755, content },
      { path: "dir/link", mode: 0o777, link: "file" },
    ],
    modified,
  );
  const seen: unknown[] = [];
  const reader = extract();
  reader.on("entry", async (header, stream, next) => {
    const bytes = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
    seen.push([
      header.name,
      header.type,
      header.mode,
      header.uid,
      header.mtime?.toISOString(),
      header.linkname ?? bytes.toString(),
    ]);
    next();
  });
  const finished = new Promise<void>((resolve, reject) =>
    reader.on("finish", () => resolve()).on("error", reject),
  );
  reader.end(archive);
  await finished;
  const time = "2026-01-02T03:04:05.000Z";
  expect(seen).toEqual([
    ["dir/", "directory", 0o1777, 0, time, ""],
    ["dir/empty", "file", 0o600, 0, time, ""],
    ["dir/file", "file", 0o755, 0, time, content.toString()],
    ["dir/link", "symlink", 0o777, 0, time, "file"],
  ]);
  expect(archive.length % 512).toBe(0);
});

test("tar() refuses a path it cannot hold", () => {
  expect(() => tar([{ path: "x".repeat(101), mode: 0o644 }], modified)).toThrow("longer than 100 bytes");
});
