import type { Context } from "../../fields/field.ts";
import type { FieldValue } from "../../outputs/alert.ts";
import type { Binder } from "../check/bind.ts";
import { CheckError } from "../check/check-error.ts";
import type { Operand } from "../check/operand.ts";
import type { FieldNode, OperandNode, TransformNode } from "../language/ast.ts";
import { parseOperand } from "../language/parser.ts";
import { printOperand } from "../language/print.ts";
import { ConditionSyntaxError } from "../language/scanner.ts";
import { NOT_AVAILABLE, operandText, operandValue } from "./value-text.ts";

/** Free text, or an operand with the width it is padded or cut to (0: as long as it is). */
type Part = string | { readonly operand: Operand; readonly width: number };

/** A plain field of a template under the name JSON shows it by. */
export interface TemplateField {
  readonly name: string;
  readonly operand: Operand;
}

/** An output template, ready to be filled from events. */
export class Template {
  readonly #parts: readonly Part[];
  readonly #tokens: readonly Token[];
  #fields: readonly TemplateField[] | undefined;

  constructor(parts: readonly Part[], tokens: readonly Token[]) {
    this.#parts = parts;
    this.#tokens = tokens;
  }

  /** Plain fields, also those inside transformers, sorted by name. */
  get fields(): readonly TemplateField[] {
    this.#fields ??= sortedFields(this.#tokens);
    return this.#fields;
  }

  /** Every field and transformer of the text in the order of appearance; what a transformer works on comes first. */
  get names(): readonly string[] {
    return this.#tokens.flatMap(({ node, binder }) => {
      const inner = new Map<string, Operand>();
      collectFields(node, binder, inner);
      return node.kind === "field" ? [...inner.keys()] : [...inner.keys(), printOperand(node)];
    });
  }

  /** The text for the current event; absent values show as `<NA>`. */
  text(context: Context): string {
    let text = "";
    for (const part of this.#parts) {
      if (typeof part === "string") {
        text += part;
        continue;
      }
      const value = operandText(part.operand, context) ?? NOT_AVAILABLE;
      text += part.width === 0 ? value : fit(value, part.width);
    }
    return text;
  }

  /** The typed values of the plain fields, names sorted. */
  values(context: Context): Record<string, FieldValue> {
    const values: Record<string, FieldValue> = {};
    for (const { name, operand } of this.fields) values[name] = operandValue(operand, context);
    return values;
  }
}

/** Widths count bytes. */
function fit(value: string, width: number): string {
  const bytes = Buffer.from(value);
  return bytes.length > width ? bytes.toString("utf8", 0, width) : value + " ".repeat(width - bytes.length);
}

interface Token {
  readonly node: FieldNode | TransformNode;
  readonly operand: Operand;
  readonly binder: Binder;
  readonly length: number;
}

/**
 * The longest beginning of `text` that is a field or transformer that exists: `proc.name.` is proc.name and a
 * full stop, and so is `proc.names` proc.name and an s.
 */
function longestToken(text: string, binder: Binder): Token | undefined {
  let size = text.length;
  while (size > 0) {
    try {
      const { node, length } = parseOperand(text.slice(0, size));
      size = length;
      return { node, operand: binder.operand(node), binder, length };
    } catch (error) {
      if (error instanceof CheckError) size--;
      // Nothing behind the place where reading stopped can have played a part.
      else if (error instanceof ConditionSyntaxError) size = Math.min(size, error.pos.index + 1) - 1;
      else throw error;
    }
  }
  return undefined;
}

function collectFields(node: OperandNode, binder: Binder, into: Map<string, Operand>): void {
  if (node.kind === "field") into.set(printOperand(node), binder.operand(node));
  else if (node.kind === "transform") for (const arg of node.args) collectFields(arg, binder, into);
  else if (node.kind === "operands") for (const item of node.items) collectFields(item, binder, into);
}

function sortedFields(tokens: readonly Token[]): readonly TemplateField[] {
  const fields = new Map<string, Operand>();
  for (const { node, binder } of tokens) collectFields(node, binder, fields);
  return [...fields].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, operand]) => ({ name, operand }));
}

/** A word that no operand can be part of beyond its end. */
const PLAIN_WORD = /^[\w.-]+(?:\[[\w.-]+\])?(?![\w.[\]("'-])/;

const tokensOf = new WeakMap<Binder, Map<string, Token | undefined>>();

/** Outputs share most of their fields, so tokens are remembered by the word they stand in. */
function rememberedToken(text: string, binder: Binder): Token | undefined {
  const word = PLAIN_WORD.exec(text)?.[0];
  if (word === undefined) return longestToken(text, binder);
  let known = tokensOf.get(binder);
  if (!known) {
    known = new Map();
    tokensOf.set(binder, known);
  }
  if (!known.has(word)) known.set(word, longestToken(word, binder));
  return known.get(word);
}

/** The operand as one place of a text reads it. */
const inPlace = (operand: Operand): Operand =>
  operand.field?.perPlace ? { ...operand, read: operand.field.perPlace() } : operand;

/**
 * Parses `text with %fields`. A leading `*` is accepted and means nothing here: absent values always print.
 * Throws CheckError for what follows a `%` and is no field.
 */
export function parseTemplate(template: string, binder: Binder): Template {
  const source = template.startsWith("*") ? template.slice(1) : template;
  const parts: Part[] = [];
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    const percent = source.indexOf("%", at);
    if (percent < 0) break;
    if (percent > at) parts.push(source.slice(at, percent));
    if (percent === source.length - 1) {
      throw new CheckError("invalid formatting syntax: formatting cannot end with a %");
    }
    const digits = /^\d*/.exec(source.slice(percent + 1, percent + 11))![0];
    const start = percent + 1 + digits.length;
    if (start >= source.length) {
      throw new CheckError("invalid formatting syntax: formatting cannot end with a number");
    }
    const token = rememberedToken(source.slice(start), binder);
    if (!token) {
      const word = /^[\w.]+/.exec(source.slice(start))?.[0] ?? "";
      throw new CheckError("unknown filter: unexpected token after '", { text: source, index: percent }, () =>
        binder.similarField(word),
      );
    }
    parts.push({ operand: inPlace(token.operand), width: Number(digits) });
    tokens.push(token);
    at = start + token.length;
  }
  if (at < source.length) parts.push(source.slice(at));
  return new Template(parts, tokens);
}
