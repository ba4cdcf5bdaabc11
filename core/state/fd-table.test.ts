import { expect, test } from "bun:test";
import { FD, Fd } from "./fd.ts";
import { FdTable } from "./fd-table.ts";

const file = (name: string): Fd => Object.assign(new Fd(FD.FILE), { name });

test("FdTable.copy() goes its own way in what is added and removed", () => {
  const parent = new FdTable();
  parent.set(3, file("/a"));
  const child = parent.copy();
  child.set(4, file("/b"));
  parent.delete(3);
  expect([...parent].length).toBe(0);
  expect([...child].map(([number, fd]) => [number, fd.name])).toEqual([
    [3, "/a"],
    [4, "/b"],
  ]);
});

test("FdTable.writable() changes an entry of one process only, whichever side writes", () => {
  const parent = new FdTable();
  parent.set(3, file("/a"));
  const child = parent.copy();
  parent.writable(3)!.name = "/parent";
  expect(child.get(3)!.name).toBe("/a");
  child.writable(3)!.name = "/child";
  expect(parent.get(3)!.name).toBe("/parent");
  const grandchild = child.copy();
  grandchild.writable(3)!.name = "/grandchild";
  expect(child.get(3)!.name).toBe("/child");
});

test("FdTable.writable() hands out an entry of its own without a copy", () => {
  const table = new FdTable();
  const fd = file("/a");
  table.set(3, fd);
  expect(table.writable(3)).toBe(fd);
});
