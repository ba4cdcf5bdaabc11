import { expect, test } from "bun:test";
import fc from "fast-check";
import { FalcoError } from "../errors.ts";
import { decode, toJson } from "./decode.ts";
import { parseYaml } from "./parse-yaml.ts";
import { schema } from "./schema.ts";
import { at } from "./tree.ts";

test("parseYaml keeps every scalar as it was written and knows where it stands", () => {
  const { root } = parseYaml("a: 0644\nb:\n  - 1.10\n  - 'no'\n  - ~\nc: &x {d: y}\ne: *x\n", "f.yaml", null);
  expect(at(root, "a")).toMatchObject({
    text: "0644",
    quoted: false,
    place: { file: "f.yaml", line: 1, column: 4 },
  });
  expect(toJson(root)).toEqual({ a: 420, b: [1.1, "no", null], c: { d: true }, e: { d: true } });
  expect(root.entries.get("c")?.place).toMatchObject({ line: 6, column: 1 });
});

test("parseYaml takes the anchor that stood last before the alias", () => {
  const { root } = parseYaml("a: &x one\nb: *x\nc: &x two\nd: *x\n", "f", null);
  expect(toJson(root)).toEqual({ a: "one", b: "one", c: "two", d: "two" });
  expect(() => parseYaml("a: *y\n", "f", null)).toThrow(FalcoError);
});

test("parseYaml and decode end every text in a value or a FalcoError", () => {
  const word = fc.constantFrom(
    "json_output",
    "rules_files",
    "engine",
    "kind",
    "plugins",
    "name",
    "x",
    "true",
    "1",
    "~",
    "*a",
    "&a",
  );
  const mark = fc.constantFrom(
    ": ",
    "\n",
    "\n  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    '"',
    "'",
    "|\n",
    "#",
    "%",
    "\t",
    "---\n",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, mark, fc.string({ maxLength: 3 })), { maxLength: 40 }), (parts) => {
      try {
        const { root } = parseYaml(parts.join(""), "fuzz", null);
        const { value, findings } = decode(schema, root);
        expect(Object.keys(value as object)).toEqual(Object.keys(schema.keys).toSorted());
        for (const finding of findings) expect(finding.message).not.toBe("");
      } catch (error) {
        if (!(error instanceof FalcoError)) throw error;
        expect(error.place?.file).toBe("fuzz");
      }
    }),
    { numRuns: 500 },
  );
});
