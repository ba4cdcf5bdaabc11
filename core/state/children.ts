import type { Thread } from "./thread.ts";

/** Enters the thread among the children of another; a thread is the child of one at a time. */
export function addChild(parent: Thread, child: Thread): void {
  removeChild(child);
  const first = parent.firstChild;
  child.parent = parent;
  child.nextSibling = first;
  if (first) first.previousSibling = child;
  parent.firstChild = child;
}

/** Takes the thread from its parent's children, if it is among any. */
export function removeChild(child: Thread): void {
  const { parent, nextSibling, previousSibling } = child;
  if (!parent) return;
  if (previousSibling) previousSibling.nextSibling = nextSibling;
  else parent.firstChild = nextSibling;
  if (nextSibling) nextSibling.previousSibling = previousSibling;
  child.parent = undefined;
  child.nextSibling = undefined;
  child.previousSibling = undefined;
}
