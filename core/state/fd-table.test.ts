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

test("FdTable keeps any number, counts and copies them, and drops the close-on-exec ones wherever they are", () => {
  const parent = new FdTable();
  const numbers = [5, 0, 255, 256, 100_000, -9, 2 ** 40];
  for (const number of numbers) parent.set(number, file(`/${number}`));
  parent.set(5, file("/5"));
  for (const number of [0, 256, -9]) parent.writable(number)!.closeOnExec = true;
  const child = parent.copy();
  child.closeOnExec();
  child.delete(7);
  expect(parent.size).toBe(numbers.length);
  for (const number of numbers) expect(parent.get(number)?.name).toBe(`/${number}`);
  expect([...child].map(([number]) => number)).toEqual([5, 255, 100_000, 2 ** 40]);
  expect(child.size).toBe(4);
  expect([...child.values()].map(({ name }) => name)).toEqual(["/5", "/255", "/100000", "/1099511627776"]);
  expect(child.has(1.5)).toBe(false);
});
