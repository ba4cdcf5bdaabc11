import { expect, test } from "bun:test";
import { ListSubstitution } from "./lists.ts";

const apply = (condition: string, lists: Record<string, readonly string[]>): string =>
  new ListSubstitution(Object.entries(lists).map(([name, items]) => ({ name, items }))).apply(condition).text;

test.each([
  ["proc.name in (shells)", "proc.name in ( sh, bash )", "in parentheses"],
  ["proc.name in (shells, x)", "proc.name in ( sh, bash , x)", "beside other values"],
  ["proc.name in (x,empty)", "proc.name in (x  )", "an empty one takes its comma along"],
  ["proc.name in (empty, x)", "proc.name in (   x)", "or the comma behind it"],
  ["proc.name = myshells", "proc.name = myshells", "not inside words"],
  ["fd.name = quoted", 'fd.name = "a b", c ', "items with blanks in quotes"],
  ['fd.name = "in shells here"', 'fd.name = "in sh, bash here"', "even inside quotes"],
  ["a in (outer)", "a in ( sh, bash , z )", "lists that an earlier list brought in"],
  ["a in (later)", "a in ( first )", "but not those whose turn has passed"],
] as const)("ListSubstitution of %p gives %p: %s", (condition, expected) => {
  const lists = {
    first: ["1"],
    outer: ["shells", "z"],
    shells: ["sh", "bash"],
    empty: [],
    quoted: ["a b", "c"],
    later: ["first"],
  };
  expect(apply(condition, lists)).toBe(expected);
});

test("ListSubstitution names the lists it used", () => {
  const lists = new ListSubstitution([
    { name: "a", items: ["b"] },
    { name: "b", items: ["c"] },
    { name: "d", items: [] },
  ]);
  expect([...lists.apply("x in (a)").used]).toEqual(["a", "b"]);
});
