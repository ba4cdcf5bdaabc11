import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import {
  checkWritable,
  discardStaging,
  openStaging,
  placeFiles,
  recover,
  removeFiles,
} from "./place-files.ts";

describe("placeFiles", () => {
  const base = tempDir();
  let counter = 0;
  const target = (files: Record<string, string> = {}) => {
    const dir = join(base, String(counter++));
    mkdirSync(dir);
    for (const [name, text] of Object.entries(files)) put(dir, name, text);
    return dir;
  };
  const put = (dir: string, name: string, text: string) => {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  const content = (dir: string) =>
    Object.fromEntries(
      readdirSync(dir, { recursive: true })
        .map(String)
        .filter((name) => statSync(join(dir, name)).isFile())
        .sort()
        .map((name) => [name, readFileSync(join(dir, name), "utf8")]),
    );
  const stage = async (dir: string, files: Record<string, string>) => {
    const staging = await openStaging(dir);
    for (const [name, text] of Object.entries(files)) put(staging.fresh, name, text);
    return staging;
  };

  test("replaces, adds and removes, leaves what is equal alone, and cleans up", async () => {
    const dir = target({ "a.yaml": "old", "same.yaml": "same", "gone/x.yaml": "x", "users.yaml": "mine" });
    const before = statSync(join(dir, "same.yaml")).ino;
    const files = { "a.yaml": "new", "same.yaml": "same", "sub/b.yaml": "b" };
    const staging = await stage(dir, files);
    const changed = await placeFiles(dir, staging, Object.keys(files), ["a.yaml", "gone/x.yaml"]);
    await discardStaging(staging);
    expect(changed.sort()).toEqual(["a.yaml", "gone/x.yaml", "sub/b.yaml"]);
    expect(content(dir)).toEqual({
      "a.yaml": "new",
      "same.yaml": "same",
      "sub/b.yaml": "b",
      "users.yaml": "mine",
    });
    expect(statSync(join(dir, "same.yaml")).ino).toBe(before);
    expect(existsSync(join(dir, "gone"))).toBe(false);
  });

  test("a fault after the first of two renames brings the old state back", async () => {
    const dir = target({ "a.yaml": "old", "b.yaml": "old", "z.yaml": "" });
    const staging = await stage(dir, { "a.yaml": "new", "b.yaml": "new" });
    // Comparing this one waits until somebody writes to it. Meanwhile the second file vanishes, so its rename fails.
    Bun.spawnSync(["mkfifo", "-m", "644", join(staging.fresh, "z.yaml")]);
    const placing = placeFiles(dir, staging, ["a.yaml", "b.yaml", "z.yaml"], []);
    const writer = await open(join(staging.fresh, "z.yaml"), "w");
    await rm(join(staging.fresh, "b.yaml"));
    await writer.close();
    await expect(placing).rejects.toThrow(`Cannot install into ${dir}: ENOENT`);
    expect(content(dir)).toEqual({ "a.yaml": "old", "b.yaml": "old", "z.yaml": "" });
  });

  test("a crash between renames is rolled back by recover, one before them leaves nothing", async () => {
    const dir = target({ "a.yaml": "old", "c.yaml": "c" });
    const staging = await stage(dir, { "a.yaml": "new", "b.yaml": "b" });
    // As the disk looks when the process is killed after the first of two renames and a removal.
    put(staging.directory, "old/a.yaml", "old");
    put(staging.directory, "old/c.yaml", "c");
    const plan = { place: ["a.yaml", "b.yaml"], remove: ["c.yaml"], existed: ["a.yaml", "c.yaml"] };
    put(staging.directory, "plan.json", JSON.stringify(plan));
    renameSync(join(staging.fresh, "a.yaml"), join(dir, "a.yaml"));
    renameSync(join(dir, "c.yaml"), join(base, "lost"));
    await stage(dir, { "x.yaml": "never planned" });
    await recover(dir);
    expect(content(dir)).toEqual({ "a.yaml": "old", "c.yaml": "c" });
  });

  test("refuses to write through a symbolic link or over a directory", async () => {
    const dir = target({ "d/x": "x" });
    symlinkSync("/tmp", join(dir, "link"));
    for (const [file, why] of [
      ["link/evil", "a symbolic link is in its place"],
      ["d", "is in its way"],
      ["d/x/y", "is in its way"],
    ]) {
      const staging = await stage(dir, { [file!]: "evil" });
      await expect(placeFiles(dir, staging, [file!], [])).rejects.toThrow(why!);
      await discardStaging(staging);
    }
    expect(existsSync("/tmp/evil")).toBe(false);
  });

  test("removeFiles removes them and the directories they leave empty", async () => {
    const dir = target({ "a/b/c.yaml": "c", "a/keep.yaml": "k" });
    await removeFiles(dir, ["a/b/c.yaml", "never-there.yaml"]);
    expect(content(dir)).toEqual({ "a/keep.yaml": "k" });
    expect(existsSync(join(dir, "a/b"))).toBe(false);
  });

  test("checkWritable names a directory that is missing, or none", async () => {
    await expect(checkWritable(join(base, "missing"))).rejects.toThrow("it does not exist");
    const dir = target({ file: "x" });
    await expect(checkWritable(join(dir, "file"))).rejects.toThrow("not a directory");
  });
});
