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
