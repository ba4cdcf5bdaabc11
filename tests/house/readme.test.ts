import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { root } from "../../cmd/root.ts";
import { readRoot, rootPath } from "./source-files.ts";

const readme = readRoot("README.md");
const manifest = JSON.parse(readRoot("package.json")) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};

test("links and named files exist", () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1]!);
  const named = [...readme.matchAll(/`((?:cmd|core|kilt|artifacts|proto|tests)\/[\w./-]+)`/g)].map(
    (match) => match[1]!,
  );
  expect([...links, ...named].filter((path) => !existsSync(rootPath(path)))).toEqual([]);
});

test("npm scripts that it names exist", () => {
  const named = [...readme.matchAll(/npm (?:run )?([a-z]+)/g)].map((match) => match[1]!);
  const known = [...Object.keys(manifest.scripts), "install"];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test("its table of commands is the command tree", async () => {
  const table = readme.slice(readme.indexOf("<!-- commands"), readme.indexOf("<!-- end of commands"));
  const rows = [...table.matchAll(/^\| `falco ([a-z-]+)` \| (.*) \|$/gm)].map((match) => [
    match[1]!,
    match[2]!,
  ]);
  const commands = await Promise.all(
    Object.entries(root.commands ?? {}).map(async ([name, load]) => [name, (await load()).summary]),
  );
  expect(rows).toEqual(commands);
});

test("every dependency is in its table", () => {
  const missing = Object.keys(manifest.dependencies).filter(
    (name) => !new RegExp(`^\\|.*${name}[ ,|]`, "m").test(readme),
  );
  expect(missing).toEqual([]);
});
