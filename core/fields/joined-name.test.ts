import { expect, test } from "bun:test";
import { joinPath } from "../event/path.ts";
import { joinedName } from "./joined-name.ts";

test("joinedName is joinPath, the first time and later, however many names there are", () => {
  const bases = [".", "/", "/usr/lib/", "/a", "<UNKNOWN>"];
  const paths = ["x", "../x", "/etc//passwd", "", "./y/", "n".repeat(300)];
  for (let round = 0; round < 3; round++) {
    for (const base of bases) {
      for (const path of paths)
        expect([base, path, joinedName(base, path)]).toEqual([base, path, joinPath(base, path)]);
    }
    for (let i = 0; i < 5000; i++) expect(joinedName("/tmp/", `file${i}`)).toBe(`/tmp/file${i}`);
  }
});
