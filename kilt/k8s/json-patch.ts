import { isObject, type Json } from "./pod.ts";

/** One operation of RFC 6902, as far as a difference needs them. */
export interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: Json;
}

/** The operations that make `after` of `before`: small ones, so that others' changes beside them survive. */
export function jsonPatch(before: Json, after: Json): Operation[] {
  const operations: Operation[] = [];
  compare(before, after, "", operations);
  return operations;
}

function compare(before: Json, after: Json, path: string, operations: Operation[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) {
    for (const key of Object.keys(before)) {
      if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: `${path}/${escaped(key)}` });
    }
    for (const key of Object.keys(after)) {
      const value = after[key]!;
      if (before[key] === value) continue;
      const at = `${path}/${escaped(key)}`;
      if (Object.hasOwn(before, key)) compare(before[key]!, value, at, operations);
      else operations.push({ op: "add", path: at, value });
    }
  } else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, operations);
  else if (!same(before, after)) operations.push({ op: "replace", path, value: after });
}

/** Items put in front, items put behind, and changes of those between. */
function compareLists(before: readonly Json[], after: Json[], path: string, operations: Operation[]): void {
  const grown = after.length - before.length;
  if (grown < 0) return void operations.push({ op: "replace", path, value: after });
  // What is put in front moves the others: the split with the fewest changed items is the meant one.
  const front = grown > 0 && before.length > 0 && same(before[0]!, after[grown]!) ? grown : 0;
  for (let i = 0; i < front; i++) operations.push({ op: "add", path: `${path}/${i}`, value: after[i]! });
  for (const [i, item] of before.entries())
    compare(item, after[front + i]!, `${path}/${front + i}`, operations);
  for (const value of after.slice(front + before.length))
    operations.push({ op: "add", path: `${path}/-`, value });
}

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
const same = (a: Json, b: Json): boolean => Bun.deepEquals(a, b);
