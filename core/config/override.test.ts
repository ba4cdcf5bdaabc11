// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces are falco's own, for the environment
import { expect, test } from "bun:test";
import fc from "fast-check";
import { FalcoError } from "../errors.ts";
import { escapeKey, toJson } from "./decode.ts";
import { applyOverride, parsePath } from "./override.ts";
import { parseYaml } from "./parse-yaml.ts";

const applied = (yaml: string, ...options: string[]) => {
  const { root } = parseYaml(yaml, "test");
  for (const option of options) applyOverride(root, option);
  return toJson(root);
};

test("applyOverride changes, adds and appends at a path", () => {
  expect(
    applied("a: {b: {c: x}}\nl: [x, y]", "a.b.c=new", "a.d=1=2", "l[1]=z", "l[]=last", "m[0][0].n=v"),
  ).toEqual({
    a: { b: { c: "new" }, d: "1=2" },
    l: ["x", "z", "last"],
    m: [[{ n: "v" }]],
  });
});

test("applyOverride takes braces as a map and escaped dots and brackets as part of names", () => {
  expect(
    applied(
      "a: {x.y/z: old, 'e[0]': old}",
      "a.x\\.y/z=new",
      "a.e\\[0]=new",
      "b={c: [1, {d: e}]}",
      "back\\\\slash=v",
    ),
  ).toEqual({
    a: { "x.y/z": "new", "e[0]": "new" },
    b: { c: [1, { d: "e" }] },
    "back\\slash": "v",
  });
});

test("applyOverride does not look into the environment", () => {
  expect(applied("", "a=${HOME}", "b={c: '${HOME}'}")).toEqual({ a: "${HOME}", b: { c: "${HOME}" } });
});

test("applyOverride makes a map of a list that a name is looked for in, as the reference does", () => {
  expect(applied("l: [a, {b: c}]", "l.x=y")).toEqual({ l: { 0: "a", 1: { b: "c" }, x: "y" } });
  expect(applied("l: [a]", "l.x.z=y", "l.x.w=v")).toEqual({ l: { 0: "a", x: { z: "y", w: "v" } } });
});

test.each([
  ["novalue", "Must be of the form key=val or key.subkey=val"],
  ["=x", "the key is empty"],
  ["a.=x", "unexpected character at pos 1"],
  [".a=x", "unexpected character at pos 0"],
  ["a..b=x", "unexpected character at pos 2"],
  ["a\\x=x", "invalid escape sequence"],
  ["a\\=x", "trailing backslash"],
  ["l[x]=x", "expected a numeric index, found 'x'"],
  ["l[0=x", "expected a numeric index"],
  ["l[0]b=x", "expected '.' character"],
  ["l[5]=x", "index 5 is beyond the end, 1"],
  ["s.t=x", "found a single value on the way"],
  ["l.x[y]=x", "expected a numeric index, found 'y'"],
])("applyOverride refuses %j", (option, message) => {
  expect(() => applied("l: [a]\ns: word", option)).toThrow(message);
});

test("parsePath gives an escaped name back, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      expect(parsePath(escapeKey(name))).toEqual([name]);
    }),
  );
});

test("parsePath fails with a FalcoError or gives steps, never anything else", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab.[]\\019") }), (path) => {
      try {
        expect(parsePath(path).length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(FalcoError);
      }
    }),
  );
});
