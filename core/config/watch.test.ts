import { expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, Workspace } from "../../tests/harness/programs.ts";
import { ConfigWatcher } from "./watch.ts";

/** Watches and counts; `step` makes one change and waits for its one call. */
function counting(files: string[], directories: string[], since?: number) {
  let calls = 0;
  const errors: string[] = [];
  const watcher = new ConfigWatcher({
    files,
    directories,
    quietMs: 30,
    ...(since === undefined ? {} : { since }),
    onChange: () => calls++,
    onError: (message) => errors.push(message),
  });
  return {
    errors,
    calls: () => calls,
    async step(change: () => void): Promise<boolean> {
      const before = calls;
      change();
      return (await eventually(() => calls > before, 5000)) && calls === before + 1;
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}

test("ConfigWatcher tells of what changed before it began to watch, and of nothing older", async () => {
  await using space = new Workspace();
  const file = space.file("falco.yaml");
  writeFileSync(file, "a");
  const directory = space.file("rules.d");
  mkdirSync(directory);
  writeFileSync(join(directory, "a.yaml"), "a");
  const told = async (since: number): Promise<number> => {
    using watch = counting([file], [directory], since);
    await eventually(() => watch.calls() > 0, 300);
    return watch.calls();
  };
  const written = statSync(join(directory, "a.yaml")).ctimeMs;
  expect(await told(written + 1000)).toBe(0);
  expect(await told(statSync(file).ctimeMs)).toBe(1);
  writeFileSync(join(directory, "a.yaml"), "b");
  expect(await told(statSync(join(directory, "a.yaml")).ctimeMs)).toBe(1);
});

test("ConfigWatcher sees writes, renames over and removals of a file, again and again", async () => {
  await using space = new Workspace();
  const file = space.file("falco.yaml");
  writeFileSync(file, "a");
  using watch = counting([file], []);
  for (let round = 0; round < 3; round++) {
    expect(await watch.step(() => writeFileSync(file, `${round}`))).toBe(true);
    writeFileSync(space.file("new"), "b");
    expect(await watch.step(() => renameSync(space.file("new"), file))).toBe(true);
  }
  expect(await watch.step(() => rmSync(file))).toBe(true);
  expect(await watch.step(() => writeFileSync(file, "back"))).toBe(true);
});

test("ConfigWatcher calls once for a burst and not at all for other files", async () => {
  await using space = new Workspace();
  const file = space.file("falco.yaml");
  writeFileSync(file, "a");
  using watch = counting([file], []);
  writeFileSync(space.file("other.yaml"), "x");
  await Bun.sleep(150);
  expect(watch.calls()).toBe(0);
  const burst = (): void => {
    for (let i = 0; i < 50; i++) writeFileSync(file, `${i}`);
  };
  expect(await watch.step(burst)).toBe(true);
});

test("ConfigWatcher sees the swap of a ConfigMap volume", async () => {
  await using space = new Workspace();
  for (const version of ["..1", "..2"]) {
    mkdirSync(space.file(version));
    writeFileSync(space.file(`${version}/falco.yaml`), version);
  }
  symlinkSync("..1", space.file("..data"));
  symlinkSync("..data/falco.yaml", space.file("falco.yaml"));
  using watch = counting([space.file("falco.yaml")], []);
  symlinkSync("..2", space.file("..data_tmp"));
  expect(await watch.step(() => renameSync(space.file("..data_tmp"), space.file("..data")))).toBe(true);
});

test("ConfigWatcher sees files come into a directory, and directories that come later", async () => {
  await using space = new Workspace();
  mkdirSync(space.file("rules.d"));
  using watch = counting([], [space.file("rules.d"), space.file("later.d")]);
  expect(await watch.step(() => writeFileSync(space.file("rules.d/a.yaml"), "x"))).toBe(true);
  writeFileSync(space.file("rules.d/.a.yaml.swp"), "x");
  await Bun.sleep(100);
  expect(watch.calls()).toBe(1);
  expect(await watch.step(() => mkdirSync(space.file("later.d")))).toBe(true);
  expect(await watch.step(() => writeFileSync(space.file("later.d/b.yaml"), "x"))).toBe(true);
  expect(watch.errors).toEqual([]);
});

test("ConfigWatcher sees a linked file change where it lies", async () => {
  await using space = new Workspace();
  mkdirSync(space.file("elsewhere"));
  writeFileSync(space.file("elsewhere/real.yaml"), "a");
  symlinkSync(space.file("elsewhere/real.yaml"), space.file("falco.yaml"));
  using watch = counting([space.file("falco.yaml")], []);
  expect(await watch.step(() => writeFileSync(space.file("elsewhere/real.yaml"), "b"))).toBe(true);
});
