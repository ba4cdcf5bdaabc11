import { isScalar, type Node } from "yaml";
import { longForm } from "./long-form.ts";
import { isTagged, type Template } from "./template.ts";

/** A value to be written into a template: JSON, or a node of the template kept as it was written. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Kept
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Stands for a node of the template, to be written again as it stands there. */
export class Kept {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
const isObject = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !isList(value) && !(value instanceof Kept);
const isIntrinsic = (value: Value): boolean =>
  isObject(value) && Object.keys(value).length === 1 && /^(Ref$|Fn::)/.test(Object.keys(value)[0]!);

/** How flow style is laid out: on one line, or with a line for every item, indented from `indent`. */
export interface Layout {
  /** Blanks before the line that the value ends on; undefined writes everything on one line. */
  readonly indent: string | undefined;
  readonly unit: string;
}

/** The value in flow style, which is JSON but for nodes that are kept as written. */
export function flow(template: Template, value: Value, layout: Layout): string {
  if (value instanceof Kept) return keptInFlow(template, value.node);
  const { indent, unit } = layout;
  const inner = { indent: indent === undefined ? undefined : indent + unit, unit };
  const wrap = (open: string, parts: readonly string[], close: string): string => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(", ") + close;
    const line = template.newline + inner.indent;
    return open + line + parts.join(`,${line}`) + template.newline + indent + close;
  };
  if (isList(value))
    return wrap(
      "[",
      value.map((item) => flow(template, item, inner)),
      "]",
    );
  if (!isObject(value)) return JSON.stringify(value);
  return wrap(
    "{",
    Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flow(template, item, inner)}`),
    "}",
  );
}

/** The value in block style after `key:` or `-`, beginning with the blank or newline that belongs there. */
export function block(template: Template, value: Value, indent: string, unit: string): string {
  const line = template.newline + indent;
  if (value instanceof Kept) return ` ${keptInBlock(template, value.node)}`;
  if (isList(value) && value.length > 0) {
    return value.map((item) => `${line}-${afterDash(template, item, indent, unit)}`).join("");
  }
  if (isObject(value) && !isIntrinsic(value) && Object.keys(value).length > 0) {
    return blockPairs(template, value, indent, unit)
      .map((pair) => line + pair)
      .join("");
  }
  return ` ${flow(template, value, { indent: undefined, unit })}`;
}

/** What follows the dash of a list item: an object starts on the dash's own line. */
export function afterDash(template: Template, item: Value, indent: string, unit: string): string {
  if (!isObject(item) || isIntrinsic(item) || Object.keys(item).length === 0) {
    return block(template, item, indent + unit, unit);
  }
  const inner = `${indent}  `;
  return ` ${blockPairs(template, item, inner, unit).join(template.newline + inner)}`;
}

/** `key: value` for each field, without the line breaks between them. */
export function blockPairs(
  template: Template,
  fields: { readonly [key: string]: Value },
  indent: string,
  unit: string,
): string[] {
  return Object.entries(fields).map(([key, item]) => `${key}:${block(template, item, indent + unit, unit)}`);
}

/** Where a node's text starts, with its tag. */
export function startOf(template: Template, node: Node): number {
  const start = node.range![0];
  return isTagged(node) ? template.text.lastIndexOf((node as { tag: string }).tag, start) : start;
}

const source = (template: Template, node: Node): string =>
  template.text.slice(startOf(template, node), node.range![1]);

function keptInFlow(template: Template, node: Node): string {
  // Plain words of block style may hold characters that mean something in flow style.
  const isSafe =
    template.isJson ||
    (isScalar(node) && /^QUOTE/.test(node.type ?? "") && !source(template, node).includes("\n"));
  return isSafe ? source(template, node) : JSON.stringify(longForm(template, node));
}

function keptInBlock(template: Template, node: Node): string {
  const text = source(template, node);
  const isFlow = (node as { flow?: boolean }).flow === true;
  const isLine = (isScalar(node) && !(node.type ?? "").startsWith("BLOCK")) || isFlow;
  return isLine && text !== "" && !text.includes("\n") ? text : JSON.stringify(longForm(template, node));
}
