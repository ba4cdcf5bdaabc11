import type { Place } from "../errors.ts";
import { FalcoError } from "../errors.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { ListTree, MapTree, Tree } from "./tree.ts";
import { COMMAND_LINE, isNull, mapTree, scalarTree } from "./tree.ts";

/** One step of a key path: a name, or an index into a list; `[]` appends. */
export type Step = string | { readonly index: number | "append" };

/**
 * Splits `key.sub[0].x`. A backslash makes the next `.`, `[`, `]` or `\` part of a name; `[]` appends to a list.
 * Throws CONFIG_OPTION where the text is none of that.
 */
export function parsePath(path: string): Step[] {
  const steps: Step[] = [];
  const fault = (why: string): FalcoError =>
    new FalcoError("CONFIG_OPTION", `Config error at key "${path}": ${why}`, {
      hint: "write key.sub[0].name; a backslash before . [ ] or \\ makes it part of a name",
    });
  let i = 0;
  while (i < path.length) {
    let name = "";
    while (i < path.length && path[i] !== "." && path[i] !== "[") {
      if (path[i] !== "\\") {
        name += path[i++];
        continue;
      }
      const next = path[i + 1];
      if (next === undefined) throw fault(`trailing backslash at pos ${i}`);
      if (!".[]\\".includes(next)) throw fault(`invalid escape sequence '\\${next}' at pos ${i}`);
      name += next;
      i += 2;
    }
    if (name === "") throw fault(`unexpected character at pos ${i}`);
    steps.push(name);
    while (path[i] === "[") {
      const close = path.indexOf("]", i);
      const inside = close < 0 ? path.slice(i + 1) : path.slice(i + 1, close);
      if (close < 0 || !/^\d{0,6}$/.test(inside)) throw fault(`expected a numeric index, found '${inside}'`);
      steps.push({ index: inside === "" ? "append" : Number(inside) });
      i = close + 1;
    }
    if (i >= path.length) break;
    if (path[i] !== ".") throw fault(`expected '.' character at pos ${i}`);
    if (++i >= path.length) throw fault(`unexpected character at pos ${i - 1}`);
  }
  if (steps.length === 0) throw fault("the key is empty");
  return steps;
}

/** Applies one `-o key=value` to the tree, making what is missing on the way. A value in braces is a YAML map. */
export function applyOverride(root: MapTree, option: string): void {
  const split = option.indexOf("=");
  if (split < 0) {
    throw new FalcoError(
      "CONFIG_OPTION",
      `Error parsing config option "${option}". Must be of the form key=val or key.subkey=val`,
    );
  }
  const path = option.slice(0, split);
  const text = option.slice(split + 1);
  const place: Place = { file: COMMAND_LINE + path, line: 1, column: 1 };
  const braces = text.startsWith("{") && text.endsWith("}");
  // The environment is for files; what the shell passes on has been through it already.
  const value = braces ? withoutEnvironment(text, place.file) : scalarTree(text, place, true);
  setAt(root, path, value, place);
}

function withoutEnvironment(text: string, file: string): Tree {
  return parseYaml(text, file, null).root;
}

function setAt(root: MapTree, path: string, value: Tree, place: Place): void {
  const steps = parsePath(path);
  const fault = (why: string): FalcoError =>
    new FalcoError("CONFIG_OPTION", `Config error at key "${path}": ${why}`);
  /** The tree below a step, or a new one of the kind the next step needs. */
  const descend = (below: Tree | undefined, next: Step): Tree => {
    const wanted = typeof next === "string" ? "map" : "list";
    if (!below || isNull(below))
      return wanted === "map" ? mapTree(place) : { kind: "list", items: [], place };
    if (below.kind === "scalar") throw fault("found a single value on the way");
    // As in the reference, a name below a list makes a map of it, which then counts as an empty list, with a warning.
    return below.kind === "list" && wanted === "map" ? listAsMap(below) : below;
  };
  let here: Tree = root;
  steps.forEach((step, i) => {
    const next = steps[i + 1];
    if (typeof step === "string") {
      if (here.kind !== "map") throw fault(`"${step}" is not in a map`);
      const old = here.entries.get(step);
      const child: Tree = next === undefined ? value : descend(old?.value, next);
      here.entries.set(step, { value: child, place: next === undefined ? place : (old?.place ?? place) });
      here = child;
      return;
    }
    if (here.kind !== "list") throw fault("the index is not into a list");
    const index = step.index === "append" ? here.items.length : step.index;
    if (index > here.items.length) throw fault(`index ${index} is beyond the end, ${here.items.length}`);
    const child: Tree = next === undefined ? value : descend(here.items[index], next);
    here.items[index] = child;
    here = child;
  });
}

function listAsMap({ items, place }: ListTree): MapTree {
  const entries = items.map((value, i) => [String(i), { value, place: value.place }] as const);
  return { kind: "map", entries: new Map(entries), place };
}
