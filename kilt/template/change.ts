import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import { afterDash, block, blockPairs, flow, startOf, type Value } from "./render.ts";
import type { Template } from "./template.ts";

/** Blanks at the start of the line that holds an offset. */
function lineIndent(template: Template, offset: number): string {
  const start = template.text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t\ufeff]*/.exec(template.text.slice(start))![0];
}

/** As many blanks as stand before an offset on its line, whatever those are. */
function column(template: Template, offset: number): string {
  return " ".repeat(offset - (template.text.lastIndexOf("\n", offset - 1) + 1));
}

/** What one more level of this template is indented by: two blanks unless its first level says otherwise. */
function unitOf(template: Template): string {
  const first = /\n([ \t]+)\S/.exec(template.text)?.[1] ?? "  ";
  return template.isJson && first.length <= 8 ? first : "  ";
}

/** Where the text of a node ends, without the comment and newline behind it. */
function endOf(template: Template, node: Node | null, key?: Node): number {
  if (isMap(node) && !node.flow && node.items.length > 0) {
    const last = node.items.at(-1) as Pair<Node, Node | null>;
    return endOf(template, last.value, last.key);
  }
  if (isSeq(node) && !node.flow && node.items.length > 0) {
    return endOf(template, node.items.at(-1) as Node | null);
  }
  const isEmpty = !node || node.range![0] === node.range![1];
  return isEmpty && key ? template.text.indexOf(":", key.range![1]) + 1 : node!.range![1];
}

/** Puts lines of block style after a node: `write` gives the text for one line start. */
function insertLines(template: Template, end: number, lines: readonly string[]): void {
  if (template.text[end - 1] === "\n") {
    // A block scalar ends behind its newline.
    template.edit(end, end, lines.map((line) => line + template.newline).join(""));
    return;
  }
  const newline = template.text.indexOf("\n", end);
  let at = newline < 0 ? template.text.length : newline;
  if (template.text[at - 1] === "\r") at--;
  template.edit(at, at, lines.map((line) => template.newline + line).join(""));
}

/** Adds fields that the object does not have yet, after its last one. */
export function addFields(template: Template, map: YAMLMap, fields: { readonly [key: string]: Value }): void {
  if (Object.keys(fields).length === 0) return;
  const unit = unitOf(template);
  if (!map.flow && map.items.length > 0) {
    const indent = column(template, (map.items[0]!.key as Node).range![0]);
    const end = endOf(template, map);
    insertLines(
      template,
      end,
      blockPairs(template, fields, indent, unit).map((pair) => indent + pair),
    );
    return;
  }
  const last = map.items.at(-1) as Pair<Node, Node | null> | undefined;
  const parts = (indent: string | undefined) =>
    Object.entries(fields).map(
      ([key, value]) => `${JSON.stringify(key)}: ${flow(template, value, { indent, unit })}`,
    );
  addToFlow(template, map, last && (last.value ?? last.key), last?.key, parts, unit);
}

/** Adds items at the end of a list. */
export function addItems(template: Template, seq: YAMLSeq, items: readonly Value[]): void {
  if (items.length === 0) return;
  const unit = unitOf(template);
  if (!seq.flow && seq.items.length > 0) {
    const indent = column(template, seq.range![0]);
    insertLines(
      template,
      endOf(template, seq),
      items.map((item) => `${indent}-${afterDash(template, item, indent, unit)}`),
    );
    return;
  }
  const last = seq.items.at(-1) as Node | undefined;
  const parts = (indent: string | undefined) => items.map((item) => flow(template, item, { indent, unit }));
  addToFlow(template, seq, last, last, parts, unit);
}

/** Adds parts behind the last one of a flow collection, on lines of their own if that is how it is laid out. */
function addToFlow(
  template: Template,
  collection: YAMLMap | YAMLSeq,
  last: Node | undefined | null,
  first: Node | undefined,
  parts: (indent: string | undefined) => readonly string[],
  unit: string,
): void {
  const [start, end] = collection.range!;
  if (last && first) {
    const at = last.range![1];
    const firstAt = startOf(template, first);
    const ownLine =
      template.text.slice(template.text.lastIndexOf("\n", firstAt - 1) + 1, firstAt).trim() === "";
    const indent = lineIndent(template, firstAt);
    const separator = ownLine ? `,${template.newline}${indent}` : ", ";
    // Within a laid-out template, an object on one line may still hold what needs several.
    template.edit(
      at,
      at,
      parts(ownLine ? indent : undefined)
        .map((part) => separator + part)
        .join(""),
    );
    return;
  }
  const spread = template.isJson && template.text.includes("\n");
  const indent = lineIndent(template, start);
  const inner = spread ? template.newline + indent + unit : "";
  const text = parts(spread ? indent + unit : undefined).join(spread ? `,${inner}` : ", ");
  template.edit(start + 1, end - 1, inner + text + (spread ? template.newline + indent : ""));
}

/** Puts a value in the place of a field's present one, in the style that the present one has. */
export function replaceValue(template: Template, pair: Pair<Node, Node | null>, value: Value): void {
  const unit = unitOf(template);
  const { key, value: old } = pair;
  const colon = template.text.indexOf(":", key.range![1]) + 1;
  const isBlock = (isSeq(old) || isMap(old)) && !old.flow && !template.isJson;
  const end = endOf(template, old, key);
  if (isBlock) {
    const indent = column(template, old.range![0]);
    const ends = template.text[end - 1] === "\n" ? template.newline : "";
    template.edit(colon, end, block(template, value, indent, unit) + ends);
    return;
  }
  const start = old && old.range![0] !== old.range![1] ? startOf(template, old) : colon;
  const spread =
    template.isJson && template.text.includes("\n") && template.text.slice(start, end).includes("\n");
  const layout = { indent: spread ? lineIndent(template, key.range![0]) : undefined, unit };
  const newline = template.text[end - 1] === "\n" ? template.newline : "";
  template.edit(start, end, (start === colon ? " " : "") + flow(template, value, layout) + newline);
}

/** Puts items before the first of a list that has some. */
export function prependItems(template: Template, seq: YAMLSeq, items: readonly Value[]): void {
  if (items.length === 0) return;
  const unit = unitOf(template);
  if (!seq.flow) {
    const at = seq.range![0];
    const indent = column(template, at);
    const lines = items.map(
      (item) => `-${afterDash(template, item, indent, unit)}${template.newline}${indent}`,
    );
    template.edit(at, at, lines.join(""));
    return;
  }
  const at = startOf(template, seq.items[0] as Node);
  const lineStart = template.text.lastIndexOf("\n", at - 1) + 1;
  const ownLine = template.text.slice(lineStart, at).trim() === "";
  const indent = lineIndent(template, at);
  const separator = ownLine ? `,${template.newline}${indent}` : ", ";
  const layout = { indent: ownLine ? indent : undefined, unit };
  template.edit(at, at, items.map((item) => flow(template, item, layout) + separator).join(""));
}

/** Whether a scalar node already is this text. */
export const isText = (node: Node | null | undefined, text: string): boolean =>
  isScalar(node) && node.value === text;
