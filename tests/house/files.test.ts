import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { rootPath, type SourceFile, sourceFiles } from "./source-files.ts";

const files = sourceFiles();
const LIMIT = 300;
/** Tests are lists of cases. */
const TEST_LIMIT = 450;

/** What may be longer, and why. A folder stands for all in it. */
const LONGER: Readonly<Record<string, string>> = {
  "core/run.ts": "the composition root, read from start to end",
  "core/schema/": "tables of events, flags and calls",
  "core/capture/scap/upgrade-table.ts": "table of old events",
  "core/config/schema.ts": "table of configuration keys",
  "core/fields/": "tables of fields, each with its description and reader",
  "core/rules/language/parser.ts": "one grammar, read in one piece",
  "core/rules/compile/emit.ts": "writes one function, in the order of its text",
  "core/rules/load/compiler.ts": "one pass over a rule set, in the order it happens",
  "tests/e2e/workload/every-syscall.ts": "a list of calls, each made once",
  "core/rules/check/test.ts": "what each operator means for each type of value",
};

const paths = (some: readonly SourceFile[]): string[] => some.map((file) => file.path);

test(`no file is longer than ${LIMIT} lines but those with a reason`, () => {
  const long = files.filter(
    (file) =>
      file.lines.length > (file.test ? TEST_LIMIT : LIMIT) &&
      !Object.keys(LONGER).some((longer) => file.path.startsWith(longer)),
  );
  expect(long.map((file) => `${file.path}: ${file.lines.length}`)).toEqual([]);
});

test("file names are kebab-case and say what is inside", () => {
  expect(
    paths(files).filter(
      (path) => !/^[a-z0-9-]+(\.(test|fuzz\.test|bench|suite|d))?\.ts$/.test(basename(path)),
    ),
  ).toEqual([]);
  expect(
    paths(files).filter((path) => /(^|\/)(utils?|helpers|misc|common|(?<!index\/)index)\.ts$/.test(path)),
  ).toEqual([]);
});

test("nothing stands at the top but the five parts and what tools look for there", () => {
  const allowed =
    /^(artifacts|cmd|core|kilt|proto|tests|dist|node_modules|README\.md|LICENSE|package(-lock)?\.json|bunfig\.toml|\..*)$/;
  expect(readdirSync(rootPath(".")).filter((name) => !allowed.test(name))).toEqual([]);
});

test("no file names a path of the machine it was written on", () => {
  // In two pieces, or this line would be a finding.
  const local = new RegExp(`["'\`( ]${"/wo"}rk/`);
  const naming = files.filter((file) => local.test(file.text));
  expect(paths(naming)).toEqual([]);
});

// Left to itself, the runtime hands on the environment it was started with: with what is meant for it alone (core/ffi/engine-setting.ts).
test("whoever starts a program says with which environment", () => {
  const calls = files
    .filter((file) => !file.test && !file.path.startsWith("tests/"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/Bun\.spawn(?:Sync)?\([\s\S]*?\);/g)].map(([call]) => ({ path, call })),
    );
  expect(calls.length).toBeGreaterThan(3);
  expect(calls.filter(({ call }) => !/\benv\b/.test(call))).toEqual([]);
});

test("the type checker is never silenced, and any is never a type", () => {
  const silencing = /@ts-(ignore|nocheck)|biome-ignore.*noExplicitAny/;
  const found = files
    .filter((file) => file.path !== "tests/house/files.test.ts")
    .flatMap((file) => [
      ...file.lines.filter((line) => silencing.test(line)).map((line) => `${file.path}: ${line.trim()}`),
      ...[...withoutTexts(withoutComments(file.text)).matchAll(/.*(?::|\bas|<) ?any\b[^"(].*/g)].map(
        ([line]) => `${file.path}: ${line}`,
      ),
    ]);
  expect(found).toEqual([]);
});

const withoutTexts = (code: string): string => code.replaceAll(/"(\\.|[^"\\\n])*"/g, '""');
const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

test("no test is left out without a reason", () => {
  const bare = files.filter(
    (file) => file.test && /\b(test|describe|it)\.(skip|only|todo)\(/.test(file.text),
  );
  expect(paths(bare)).toEqual([]);
});

test("no barrel: a file that only passes others on", () => {
  const passing = files.filter((file) => {
    const code = withoutComments(file.text).trim();
    return (
      code !== "" &&
      code
        .split(";")
        .every((statement) => /^\s*(export (type )?(\*|\{[^}]*\})[^;]* from .*)?$/s.test(statement))
    );
  });
  expect(paths(passing)).toEqual([]);
});
