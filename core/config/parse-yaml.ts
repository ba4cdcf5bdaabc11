import type { Node, Pair } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Place } from "../errors.ts";
import { FalcoError } from "../errors.ts";
import { expandEnvironment } from "./environment.ts";
import type { MapTree, ScalarTree, Tree } from "./tree.ts";
import { isNull, mapTree } from "./tree.ts";

/** Bounds that no honest configuration reaches: they stop files made of aliases to aliases. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 64;

export interface ParsedYaml {
  readonly root: MapTree;
  /** Keys written twice: the first one counts. */
  readonly duplicates: readonly { readonly key: string; readonly place: Place }[];
}

/**
 * Reads one YAML document whose root is a map (or nothing). `${NAME}` in values becomes the environment's NAME, unless
 * the environment given is null.
 * Throws CONFIG_YAML with the place of the fault.
 */
export function parseYaml(
  content: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>> | null = process.env,
): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(content, {
    schema: "failsafe",
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const place = (offset: number | undefined): Place => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const fault = (message: string, offset: number | undefined): FalcoError => {
    const where = place(offset);
    return new FalcoError("CONFIG_YAML", `Cannot read configuration: ${message}`, {
      place: where,
      excerpt: content.split("\n")[where.line - 1] ?? "",
    });
  };
  const [error] = document.errors;
  if (error) throw fault(error.message, error.pos[0]);

  const duplicates: { key: string; place: Place }[] = [];
  let nodes = 0;
  /** The node each anchor stands for so far; `resolve()` of the library searches the whole document each time. */
  const anchors = new Map<string, Node>();
  let expanding = 0;
  const build = (node: Node | null | undefined, offset: number | undefined, depth: number): Tree => {
    if (++nodes > MAX_NODES) throw fault(`more than ${MAX_NODES} values`, offset);
    if (depth > MAX_DEPTH) throw fault(`nested deeper than ${MAX_DEPTH} levels`, offset);
    const start = node?.range?.[0] ?? offset;
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (!target) throw fault(`unknown alias "${node.source}"`, start);
      expanding++;
      const tree = build(target, start, depth + 1);
      expanding--;
      return tree;
    }
    if (node?.anchor && expanding === 0) anchors.set(node.anchor, node);
    if (isMap(node)) return buildMap(node.items as Pair<Node, Node | null>[], start, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => build(item as Node | null, start, depth + 1));
      return { kind: "list", items, place: place(start) };
    }
    return buildScalar(node, start);
  };
  const buildMap = (pairs: Pair<Node, Node | null>[], start: number | undefined, depth: number): MapTree => {
    const map = mapTree(place(start));
    for (const pair of pairs) {
      const key = pair.key;
      if (!isScalar(key)) throw fault("a key must be a plain word", key?.range?.[0] ?? start);
      const name = String(key.value ?? "");
      const where = place(key.range?.[0]);
      if (map.entries.has(name)) duplicates.push({ key: name, place: where });
      else map.entries.set(name, { value: build(pair.value, key.range?.[1], depth + 1), place: where });
    }
    return map;
  };
  const buildScalar = (node: Node | null | undefined, start: number | undefined): ScalarTree => {
    const raw = isScalar(node) ? String(node.value ?? "") : "";
    const quoted = isScalar(node) && node.type !== "PLAIN" && node.type !== undefined;
    const { text, used } = environment ? expandEnvironment(raw, environment) : { text: raw, used: false };
    return { kind: "scalar", text, quoted: quoted || used, fromEnvironment: used, place: place(start) };
  };

  const root = build(document.contents as Node | null, 0, 0);
  if (isNull(root)) return { root: mapTree(place(0)), duplicates };
  if (root.kind !== "map") throw fault(`expected keys and values, found a ${root.kind}`, 0);
  return { root, duplicates };
}
