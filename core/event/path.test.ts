import { expect, test } from "bun:test";
import { joinPath } from "./path.ts";

test.each([
  ["/home/u/", "a/b", "/home/u/a/b"],
  ["/home/u/", "../x", "/home/x"],
  ["/", "../../x", "/x"],
  ["/home/", "/etc//./passwd/", "/etc/passwd"],
  ["/home/", "/", "/"],
  ["", "a/../b", "b"],
  ["<UNKNOWN>", "foo", "<UNKNOWN>foo"],
  ["/cwd/", "<NA>", "/cwd/<NA>"],
  ["/a/", ".", "/a"],
  ["/a/", "..", "/"],
  ["/a/", "x".repeat(1100), "/DIR_TOO_LONG/FILENAME_TOO_LONG"],
])("joinPath(%p, %p) is %p", (base, path, joined) => {
  expect(joinPath(base, path)).toBe(joined);
});

test("joinPath says the same again, whatever came between: the same path below another base, many other names", () => {
  const cases = [".", "/", "/usr/lib/", "/a", "<UNKNOWN>"].flatMap((base) =>
    ["x", "../x", "/etc//passwd", "", "./y/", "n".repeat(300)].map((path) => [base, path] as const),
  );
  const first = cases.map(([base, path]) => joinPath(base, path));
  expect(first.slice(12, 17)).toEqual(["/usr/lib/x", "/usr/x", "/etc/passwd", "", "/usr/lib/y"]);
  for (let i = 0; i < 5000; i++) expect(joinPath("/tmp/", `file${i}`)).toBe(`/tmp/file${i}`);
  expect(cases.map(([base, path]) => joinPath(base, path))).toEqual(first);
});
