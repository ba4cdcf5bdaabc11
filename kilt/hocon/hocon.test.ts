// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import { fileSource } from "./include.ts";
import { parseHocon } from "./parse-hocon.ts";
import { type ResolveOptions, resolveHocon } from "./resolve.ts";
import { toPlain } from "./to-plain.ts";

const read = (text: string, options: ResolveOptions = {}): unknown =>
  JSON.parse(JSON.stringify(toPlain(resolveHocon(parseHocon({ name: "t.conf", text }), options))));

function failure(text: string, options: ResolveOptions = {}): FalcoError {
  try {
    read(text, options);
  } catch (error) {
    if (error instanceof FalcoError) return error;
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

/** Rules of the specification, in its order: title, text, value. `$` stands before `{` as in the text itself. */
const RULES: readonly (readonly [string, string, unknown])[] = [
  [
    "JSON is HOCON",
    '{"a": [1, -2.5e3, "x\\u0041\\n", true, null], "b": {"c": {}}}',
    { a: [1, -2500, "xA\n", true, null], b: { c: {} } },
  ],
  ["comments of both kinds", "a = 1 # one\n// two\nb = 2 // three\n#", { a: 1, b: 2 }],
  ["a comment sign in quotes is text", 'a = "x # y // z"', { a: "x # y // z" }],
  ["root braces may be left out, as for an empty text", "", {}],
  ["the separator may be left out before a brace", "a { b : 1 }", { a: { b: 1 } }],
  ["a value may start on the next line", "a =\n  1", { a: 1 }],
  ["newlines separate, and a last comma is ignored", "a = [1\n 2,\n 3,\n]\nb = 4,", { a: [1, 2, 3], b: 4 }],
  ["unicode blanks and a BOM are blanks", "\ufeffa\u00a0=\u20031\u00a0", { a: 1 }],
  ["a carriage return is a blank", "a = 1\r\nb = x y\r\n", { a: 1, b: "x y" }],
  ["later keys win", "a = 1\na = 2", { a: 2 }],
  [
    "objects of one key merge",
    "a { b = 1, c { d = 1 } }\na { c { e = 2 } }",
    { a: { b: 1, c: { d: 1, e: 2 } } },
  ],
  ["a value between two objects hides the first", "a { b = 1 }\na = null\na { c = 2 }", { a: { c: 2 } }],
  [
    "bare text keeps inner blanks, not outer ones",
    "a =   /usr/bin/x  --flag   y  ",
    { a: "/usr/bin/x  --flag   y" },
  ],
  [
    "bare text that starts like a number is text",
    "a = 10.0foo\nb = truefoo\nc = 0755\nd = -x",
    { a: "10.0foo", b: "truefoo", c: "0755", d: "-x" },
  ],
  ["triple quotes take everything as it stands", 'a = """x "y"\n\\n ${z}"""', { a: 'x "y"\n\\n ${z}' }],
  ["more than three closing quotes belong to the text", 'a = """x"""""', { a: 'x""' }],
  [
    "string concatenation joins quoted, bare and substituted parts",
    'x = 5\na = "image="${x}",name="${x}',
    { x: 5, a: "image=5,name=5" },
  ],
  ["numbers keep their digits when joined", "x = 1.50\na = v ${x}", { x: 1.5, a: "v 1.50" }],
  [
    "array concatenation",
    "a = [1] [2, 3]\nb = [ /falco/pdig ] ${a}",
    { a: [1, 2, 3], b: ["/falco/pdig", 1, 2, 3] },
  ],
  ["object concatenation", "a = {x : 1} {y : 2}\nb = ${a} {x : 3}", { a: { x: 1, y: 2 }, b: { x: 3, y: 2 } }],
  ["a list holds concatenations", "a = [x y, [1] [2]]", { a: ["x y", [1, 2]] }],
  ["paths as keys", 'a.b.c = 1\na."d.e" = 2', { a: { b: { c: 1 }, "d.e": 2 } }],
  ["blanks inside a key belong to it", "a b c : 1\nd e.f g = 2", { "a b c": 1, "d e": { "f g": 2 } }],
  ["numbers and words as keys are text", '3.14 = 1\ntrue = 2\n"" = 3', { "3": { "14": 1 }, true: 2, "": 3 }],
  [
    "a key may be called include when a separator follows",
    "include = 1\nx.include = 2",
    { include: 1, x: { include: 2 } },
  ],
  ["substitutions see the final value", "a = ${b}\nb = 1\nb = 2", { a: 2, b: 2 }],
  ["substitutions keep types", "a = ${b}\nb = { c = [true] }", { a: { c: [true] }, b: { c: [true] } }],
  ["no substitution inside quotes", 'a = "${b}"', { a: "${b}" }],
  ["an optional one leaves the field out", "a = ${?nope}", {}],
  ["an optional one leaves the earlier value", "a = 1\na = ${?nope}", { a: 1 }],
  ["an optional one leaves the list item out", "a = [1, ${?nope}, 2]", { a: [1, 2] }],
  [
    "an optional one adds nothing to text, lists and objects",
    'a = "x"${?n}\nb = [1] ${?n}\nc = ${?n} {d = 1}',
    { a: "x", b: [1], c: { d: 1 } },
  ],
  ["only undefined parts make an undefined value", "a = ${?m}${?n}", {}],
  ["null is a value", "b = null\na = ${b}", { a: null, b: null }],
  ["a hidden substitution is never looked up", "a = ${nope}\na = 1", { a: 1 }],
  [
    "an override shows through a reference to a sibling",
    "bar { foo = 42, baz = ${bar.foo} }\nbar { foo = 43 }",
    { bar: { foo: 43, baz: 43 } },
  ],
  [
    "objects may refer to each other",
    "bar { a = ${foo.d}, b = 1 }\nbar.b = 3\nfoo { c = ${bar.b}, d = 2 }\nfoo.d = 4",
    { bar: { a: 4, b: 3 }, foo: { c: 3, d: 4 } },
  ],
  ["self-reference looks back", 'path = "a:b"\npath = ${path}":c"', { path: "a:b:c" }],
  ["self-reference in a list, twice", "a = [1]\na = ${a} [2]\na = ${a} [3]", { a: [1, 2, 3] }],
  ["an optional self-reference with no past", "a = ${?a}foo", { a: "foo" }],
  [
    "self-reference in a path looks back",
    "foo : { a : { c : 1 } }\nfoo : ${foo.a}\nfoo : { a : 2 }",
    { foo: { a: 2, c: 1 } },
  ],
  ["self-reference below a key", "a.b = [1]\na { b = ${a.b} [2] }", { a: { b: [1, 2] } }],
  ["+= appends, also to nothing", "a += 1\na += 2\nb { c += x }", { a: [1, 2], b: { c: ["x"] } }],
  ["+= works inside the objects of a list", "a = [{ b += 1, b += 2 }]", { a: [{ b: [1, 2] }] }],
  [
    "an object of numbers joined to a list counts as one",
    'a = [x] { "1" = z, "0" = y }',
    { a: ["x", "y", "z"] },
  ],
  ["__proto__ is a key", '"__proto__" { polluted = true }', JSON.parse('{"__proto__":{"polluted":true}}')],
];

describe("HOCON", () => {
  for (const [title, text, value] of RULES) {
    test(title, () => expect(read(text)).toEqual(value));
  }

  test("substitutions fall back to the environment, the text's own values first", () => {
    const env = { HOME: "/root", "a.b": "dotted" };
    expect(read("h = ${HOME}\nx = ${?NOPE}\nd = ${a.b}", { env })).toEqual({ h: "/root", d: "dotted" });
    expect(read("HOME = mine\nh = ${HOME}", { env })).toEqual({ HOME: "mine", h: "mine" });
  });

  test("absentItem stands in for a list item that is nothing else", () => {
    const absentItem = (path: readonly string[]) => (path[0] === "meta" ? "" : undefined);
    expect(read("a = [1, ${?meta.x}, ${?other}]\nb = [] ${?meta.x}", { absentItem })).toEqual({
      a: [1, ""],
      b: [],
    });
  });
});

/** Text, what the message holds, line and column. */
const ERRORS: readonly (readonly [string, string, string, number, number])[] = [
  ["an open brace", "a {\n b = 1\n", "never closed", 1, 3],
  ["an open list", "a = [1", "never closed", 1, 5],
  ["an open quote", 'a = 1\nb = "x\n"', "never closed", 2, 5],
  ["open triple quotes", 'a = """x', "never closed", 1, 5],
  ["a bad escape", 'a = "\\q"', "unknown escape", 1, 6],
  ["a bad unicode escape", 'a = "\\u00g0"', "four hexadecimal", 1, 6],
  ["a special character in bare text", "a = KILT:latest", 'unexpected ":"', 1, 9],
  ["a leading comma", "a = [,1]", "comma", 1, 6],
  ["two commas", "a = [1,,2]", "comma", 1, 8],
  ["a missing value", "a =\n}", "expected one", 2, 1],
  ["a missing separator", "a = 1\nfoo bar\n", "expected", 2, 8],
  ["an empty key", ".a = 1", "empty key", 1, 1],
  ["a stray closing brace", "a = 1 }", "unexpected", 1, 7],
  ["text after the root", "{a = 1} b", "after the closing brace", 1, 9],
  ["a list at the root", "[1]", "expected an object", 1, 1],
  ["an unclosed substitution", "a = ${b", "expected }", 1, 8],
  ["an undefined substitution", "a = 1\nb = [${nope.x}]", "nope.x", 2, 6],
  ["a cycle", "bar = ${foo}\nfoo = ${bar}", "not defined", 2, 7],
  ["a cycle of three", "a = ${b}\nb = ${c}\nc = ${a}", "not defined", 3, 5],
  ["a reference to itself alone", "a = ${a}", "only by itself", 1, 5],
  ["an object that holds itself", "a { b = ${a} }", "hold itself", 1, 9],
  ["text beside a list", "x = t\na = [1] ${x}", "Cannot join", 1, 5],
  ["an include of a url", 'include url("http://x/y")', "only files", 1, 9],
  ["an include in text without a file", 'include "x"', "did not come from a file", 1, 1],
];

describe("HOCON errors", () => {
  for (const [title, text, message, line, column] of ERRORS) {
    test(`${title} is named with line and column`, () => {
      const error = failure(text);
      expect(error.message).toContain(message);
      expect([error.place?.file, error.place?.line, error.place?.column]).toEqual(["t.conf", line, column]);
      expect(error.excerpt).toBe(text.split("\n")[line - 1]!);
    });
  }

  test("deep nesting, many values and long texts are refused", () => {
    expect(failure("a = " + "[".repeat(5000)).message).toContain("levels");
    expect(failure("a = [" + "1\n".repeat(30_000) + "]").message).toContain("values");
    expect(failure(`a = "${"x".repeat(1 << 20)}"`).message).toContain("characters");
  });

  test("text that doubles with every line is refused", () => {
    const lines = ['a0 = "xxxxxxxxxx"'];
    for (let i = 1; i < 40; i++) lines.push(`a${i} = \${a${i - 1}}\${a${i - 1}}`);
    expect(failure(lines.join("\n")).message).toContain("Cannot fill in");
  });

  test("what looks like code in a path is only a path", () => {
    expect(failure("b = ${a;globalThis.pwn=1}").code).toBe("HOCON_INVALID");
    expect("pwn" in globalThis).toBe(false);
  });
});

describe("HOCON includes", () => {
  const inFolder = (files: Readonly<Record<string, string>>, check: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), "hocon-"));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      check(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const readFile = (path: string, text: string): unknown => {
    const { source, includes } = fileSource(path, text);
    return JSON.parse(JSON.stringify(toPlain(resolveHocon(parseHocon(source, includes)))));
  };

  test("merge where they stand, and later fields win over them", () => {
    inFolder({ "main.cfg": "", "sub/base.conf": "a = 1\nb = 2" }, (folder) => {
      const text = 'b = 0\ninclude "sub/base"\na = 3\nx { include file("sub/base.conf") }\ninclude "missing"';
      expect(readFile(join(folder, "main.cfg"), text)).toEqual({ a: 3, b: 2, x: { a: 1, b: 2 } });
    });
  });

  test("substitutions of an included text are searched where it was included, then from the root", () => {
    inFolder({ "main.cfg": "", "part.conf": "x = 10\ny = ${x}\nz = ${top}" }, (folder) => {
      const text = 'top = 1\na { include required(file("part.conf")) }\na.x = 42';
      expect(readFile(join(folder, "main.cfg"), text)).toEqual({ top: 1, a: { x: 42, y: 42, z: 1 } });
    });
  });

  test("names, escapes from the folder, links out of it and loops are errors with their place", () => {
    inFolder({ "main.cfg": "", "a.conf": 'include "b"', "b.conf": 'include "a"' }, (folder) => {
      const main = join(folder, "main.cfg");
      symlinkSync("/etc/passwd", join(folder, "link.conf"));
      expect(() => readFile(main, 'include required("nope")')).toThrow("no such file");
      expect(() => readFile(main, 'include "../../etc/passwd"')).toThrow("outside");
      expect(() => readFile(main, 'include "/etc/passwd"')).toThrow("outside");
      expect(() => readFile(main, 'include "link"')).toThrow("outside");
      expect(() => readFile(main, 'include "a"')).toThrow("includes itself");
      expect(() => readFile(main, 'include "main.cfg"')).toThrow("includes itself");
    });
  });
});
