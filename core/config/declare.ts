/** What every declared key carries, whatever its type. */
interface Common {
  /** One sentence for the sample file, the docs and the JSON Schema. */
  readonly doc: string;
  /** Values are never printed: `config show`, the support bundle and logs show `<hidden>`. */
  readonly secret?: boolean;
  /** A change takes effect only when the process starts again; a reload says so. */
  readonly restart?: boolean;
  /** Accepted so that existing files load, but without effect here: the reason, shown when it is set otherwise. */
  readonly inert?: string;
  /** Not in the sample file: there for old files only. */
  readonly hidden?: boolean;
}

/** `initial` is what the sample file (and a run without any file) says; `absent` is what a file that leaves the key out means. */
interface Valued<T> extends Common {
  readonly initial: T;
  readonly absent: T;
}

export interface BoolKey extends Valued<boolean> {
  readonly kind: "bool";
}
export interface NumberKey extends Valued<number> {
  readonly kind: "integer" | "number";
  readonly minimum?: number;
  readonly maximum?: number;
}
export interface TextKey<T extends string = string> extends Valued<T> {
  readonly kind: "text";
  readonly choices?: Choices<T>;
  readonly format?: "uri";
}
/** A closed set of words. A wrong one stops the program: `Unknown WHAT "x"--must be one of …`. */
export interface Choices<T extends string> {
  readonly what: string;
  readonly words: readonly T[];
  readonly aliases?: Readonly<Record<string, T>>;
  /** Words of earlier releases, and why they are no more. */
  readonly gone?: Readonly<Record<string, string>>;
  /** Print the words as an `enum` in the JSON Schema; elsewhere the reference's schema says only `string`. */
  readonly strict?: boolean;
}
export interface ListKey<I extends Key = Key> extends Valued<readonly unknown[]> {
  readonly kind: "list";
  readonly item: I;
}
export interface ObjectKey<K extends Keys = Keys> extends Common {
  readonly kind: "object";
  /** Name of the definition in the JSON Schema; without one the object is written where it is used. */
  readonly title?: string;
  readonly keys: K;
  readonly required: readonly string[];
  readonly nonEmpty: boolean;
}
/** Free names with text values, such as HTTP headers. */
export interface MapKey extends Valued<Readonly<Record<string, string>>> {
  readonly kind: "map";
}
/** Anything; maps and lists stay as they are (plugin settings). */
export interface AnyKey extends Valued<Json> {
  readonly kind: "any";
}
/** A word or an object, told apart by what the file holds (`config_files`, `extra_fields`). */
export interface EitherKey<O extends Key = Key> extends Common {
  readonly kind: "either";
  readonly text: TextKey;
  readonly object: O;
}

export type Key = BoolKey | NumberKey | TextKey | ListKey | ObjectKey | MapKey | AnyKey | EitherKey;
export type Keys = Readonly<Record<string, Key>>;
export type Json = null | string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/** The value a declaration describes, as the program sees it: every key present, defaults filled in. */
export type ValueOf<K> =
  K extends ObjectKey<infer M>
    ? { readonly [N in keyof M]: ValueOf<M[N]> }
    : K extends ListKey<infer I>
      ? readonly ValueOf<I>[]
      : K extends TextKey<infer T>
        ? T
        : K extends BoolKey
          ? boolean
          : K extends NumberKey
            ? number
            : K extends MapKey
              ? Readonly<Record<string, string>>
              : K extends EitherKey<infer O>
                ? string | ValueOf<O>
                : K extends AnyKey
                  ? Json
                  : never;

type More<T> = Omit<Common, "doc"> & { readonly absent?: T };

export const bool = (doc: string, initial: boolean, more: More<boolean> = {}): BoolKey => ({
  kind: "bool",
  doc,
  initial,
  absent: initial,
  ...more,
});

type Range = { readonly minimum?: number; readonly maximum?: number };
export const integer = (doc: string, initial: number, more: More<number> & Range = {}): NumberKey => ({
  kind: "integer",
  doc,
  initial,
  absent: initial,
  ...more,
});
export const number = (doc: string, initial: number, more: More<number> & Range = {}): NumberKey => ({
  kind: "number",
  doc,
  initial,
  absent: initial,
  ...more,
});

export const text = (
  doc: string,
  initial: string,
  more: More<string> & { format?: "uri" } = {},
): TextKey => ({
  kind: "text",
  doc,
  initial,
  absent: initial,
  ...more,
});
export const choice = <const T extends string>(
  doc: string,
  initial: NoInfer<T>,
  choices: Choices<T>,
  more: More<NoInfer<T>> = {},
): TextKey<T> => ({ kind: "text", doc, initial, absent: initial, choices, ...more });

export const list = <I extends Key>(
  doc: string,
  item: I,
  initial: readonly unknown[] = [],
  more: Omit<Common, "doc"> = {},
): ListKey<I> => ({ kind: "list", doc, item, initial, absent: [], ...more });

export const object = <K extends Keys>(
  doc: string,
  keys: K,
  more: Omit<Common, "doc"> & { title?: string; required?: readonly string[]; nonEmpty?: boolean } = {},
): ObjectKey<K> => ({ kind: "object", doc, keys, required: [], nonEmpty: false, ...more });

export const map = (doc: string, more: Omit<Common, "doc"> = {}): MapKey => ({
  kind: "map",
  doc,
  initial: {},
  absent: {},
  ...more,
});
export const any = (doc: string): AnyKey => ({ kind: "any", doc, initial: null, absent: null });
export const either = <O extends Key>(doc: string, word: TextKey, other: O): EitherKey<O> => ({
  kind: "either",
  doc,
  text: word,
  object: other,
});
