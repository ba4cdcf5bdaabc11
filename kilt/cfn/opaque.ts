import { isMap, isScalar, type Node } from "yaml";
import { FalcoError } from "../../core/errors.ts";
import { intrinsicOf, longForm } from "../template/long-form.ts";
import { Kept, type Value } from "../template/render.ts";
import { fieldOf, itemsOf, stringOf, type Template } from "../template/template.ts";

const OPEN = "\ue002";
const CLOSE = "\ue003";
const PIECES = /\ue002(\d+)\ue003/;
/** Joins and splits a list that only CloudFormation knows; no argument is likely to hold it. */
const DELIMITER = "|~|";
/** Names of the values in a text that is written here, by which it is known again. */
const variableName = (index: number): string => `Kilt${index}`;
const VARIABLES = /\$\{(Kilt\d+)\}/;

/**
 * Values that only CloudFormation can work out (`Ref`, `Fn::Sub`, …). While a definition is applied, a
 * placeholder stands for each; where one survives, the value is put back, and where it ended up inside
 * other text or a longer list, a function that says the same is written around it.
 */
export class Opaque {
  readonly #template: Template;
  readonly #held: { readonly node: Node; readonly isList: boolean }[] = [];
  /** What is the same function, wherever it is written, has the same placeholder. */
  readonly #known = new Map<string, string>();

  constructor(template: Template) {
    this.#template = template;
  }

  /** The text of a plain string, or a placeholder for anything else. */
  text(node: Node | undefined): string {
    if (!node) return "";
    return stringOf(node) ?? this.#ownText(node) ?? this.#hold(node, false);
  }

  /** A whole list that is not written out: a placeholder, or the items of one that was written here. */
  list(node: Node): string[] {
    return this.#ownList(node) ?? [this.#hold(node, true)];
  }

  /** Reads what `restore` writes around values, so that a patched template is read as it was meant. */
  #ownText(node: Node): string | undefined {
    const [template, values, ...others] = itemsOf(fieldOf(node, "Fn::Sub")) ?? [];
    const text = stringOf(template);
    if (text === undefined || !isMap(values) || others.length > 0 || !VARIABLES.test(text)) return undefined;
    return text
      .split(new RegExp(VARIABLES, "g"))
      .map((piece, i) => (i % 2 === 0 ? piece.replaceAll("${!", "${") : this.text(fieldOf(values, piece))))
      .join("");
  }

  /** Reads what `restoreList` writes around lists. */
  #ownList(node: Node): string[] | undefined {
    const split = itemsOf(fieldOf(node, "Fn::Split"));
    if (stringOf(split?.[0]) !== DELIMITER) return undefined;
    const joined = itemsOf(itemsOf(fieldOf(split?.[1], "Fn::Join"))?.[1]);
    return joined?.flatMap((part) => {
      const inner = itemsOf(fieldOf(part, "Fn::Join"));
      return inner && stringOf(inner[0]) === DELIMITER ? [this.#hold(inner[1]!, true)] : [this.text(part)];
    });
  }

  #hold(node: Node, isList: boolean): string {
    const meaning = JSON.stringify([isList, longForm(this.#template, node)]);
    const known = this.#known.get(meaning);
    if (known) return known;
    const placeholder = `${OPEN}${this.#held.length}${CLOSE}`;
    this.#held.push({ node, isList });
    this.#known.set(meaning, placeholder);
    return placeholder;
  }

  holds(text: string): boolean {
    return PIECES.test(text);
  }

  /** Text with the values put back: the value itself, or a join of text and values. */
  restore(text: string): Value {
    const pieces = this.#pieces(text);
    if (pieces.length === 1) return pieces[0]!;
    if (pieces.length === 0) return "";
    const words = pieces.map((piece) => (piece instanceof Kept ? plainText(piece) : piece));
    if (words.every((word) => typeof word === "string")) return words.join("");
    const values = words.filter((word) => word instanceof Kept);
    const named = words.map((word) =>
      word instanceof Kept ? `\${${variableName(values.indexOf(word))}}` : word.replaceAll("${", "${!"),
    );
    return {
      "Fn::Sub": [named.join(""), Object.fromEntries(values.map((value, i) => [variableName(i), value]))],
    };
  }

  /** A list with the values put back; lists that only CloudFormation knows are joined and split again. */
  restoreList(texts: readonly string[]): Value {
    const lists = texts.map((text) => this.#listIn(text));
    if (lists.length === 1 && lists[0]) return new Kept(lists[0]);
    if (!lists.some(Boolean)) return texts.map((text) => this.restore(text));
    const parts = texts.map(
      (text, i): Value => (lists[i] ? { "Fn::Join": [DELIMITER, new Kept(lists[i])] } : this.restore(text)),
    );
    return { "Fn::Split": [DELIMITER, { "Fn::Join": [DELIMITER, parts] }] };
  }

  #listIn(text: string): Node | undefined {
    const match = PIECES.exec(text);
    const held = match ? this.#held[Number(match[1])] : undefined;
    if (!held?.isList) return undefined;
    if (match![0] === text) return held.node;
    throw new FalcoError(
      "KILT_TEMPLATE",
      "Cannot apply definition: it puts a whole list into a text, and the template's list is a function",
    );
  }

  #pieces(text: string): (string | Kept)[] {
    return text
      .split(new RegExp(`(${OPEN}\\d+${CLOSE})`))
      .filter((piece) => piece !== "")
      .map((piece) => {
        const held = this.#held[Number(PIECES.exec(piece)?.[1] ?? Number.NaN)];
        return held ? new Kept(held.node) : piece;
      });
  }
}

/** Numbers and booleans are text to CloudFormation: inside other text they are written as such. */
function plainText({ node }: Kept): string | Kept {
  return isScalar(node) && !intrinsicOf(node) ? (node.source ?? String(node.value)) : new Kept(node);
}
