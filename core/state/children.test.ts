import { expect, test } from "bun:test";
import { addChild, removeChild } from "./children.ts";
import { Thread } from "./thread.ts";

function childrenOf(parent: Thread): number[] {
  const tids: number[] = [];
  for (let child = parent.firstChild; child; child = child.nextSibling) tids.push(child.tid);
  return tids;
}

test("addChild() and removeChild() keep the list whole wherever a thread stands in it", () => {
  for (const gone of [1, 2, 3]) {
    const parent = new Thread(10);
    const children = [1, 2, 3].map((tid) => new Thread(tid));
    for (const child of children) addChild(parent, child);
    removeChild(children[gone - 1]!);
    expect(childrenOf(parent)).toEqual([3, 2, 1].filter((tid) => tid !== gone));
    removeChild(children[gone - 1]!);
    for (const child of children) removeChild(child);
    expect(childrenOf(parent)).toEqual([]);
  }
});

test("addChild() takes a thread from the parent it had", () => {
  const [first, second, child] = [new Thread(1), new Thread(2), new Thread(3)];
  addChild(first, child);
  addChild(second, child);
  expect([childrenOf(first), childrenOf(second), child.parent]).toEqual([[], [3], second]);
});
