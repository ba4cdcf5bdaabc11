import { isObject, type Json } from "./pod.ts";

/** One operation of RFC 6902, as far as a difference needs them. */
export interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: Json;
}

/** The operations that make `after` of `before`: small ones, so that others' changes beside them survive. */
export function jsonPatch(before: Json, after: Json, path = ""): Operation[] {
  if (before === after) return [];
  if (isObject(before) && isObject(after)) {
    const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
    return [
      ...removed.map((key): Operation => ({ op: "remove", path: `${path}/${escaped(key)}` })),
      ...Object.entries(after).flatMap(([key, value]): Operation[] => {
        if (before[key] === value) return [];
        const at = `${path}/${escaped(key)}`;
        return Object.hasOwn(before, key)
          ? jsonPatch(before[key]!, value, at)
          : [{ op: "add", path: at, value }];
      }),
    ];
  }
  if (Array.isArray(before) && Array.isArray(after)) return listPatch(before, after, path);
  return same(before, after) ? [] : [{ op: "replace", path, value: after }];
}

/** Items put in front, items put behind, and changes of those between. */
function listPatch(before: readonly Json[], after: Json[], path: string): Operation[] {
  const grown = after.length - before.length;
  if (grown < 0) return [{ op: "replace", path, value: after }];
  // What is put in front moves the others: the split with the fewest changed items is the meant one.
  const front = grown > 0 && before.length > 0 && same(before[0]!, after[grown]!) ? grown : 0;
  return [
    ...after.slice(0, front).map((value, i): Operation => ({ op: "add", path: `${path}/${i}`, value })),
    ...before.flatMap((item, i) => jsonPatch(item, after[front + i]!, `${path}/${front + i}`)),
    ...after
      .slice(front + before.length)
      .map((value): Operation => ({ op: "add", path: `${path}/-`, value })),
  ];
}

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
const same = (a: Json, b: Json): boolean => Bun.deepEquals(a, b);
