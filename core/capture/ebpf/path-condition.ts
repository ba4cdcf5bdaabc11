import { type Label, R0, R1, R2, R3, R4, R5, R7, R8, R10, type Reg } from "./assembler.ts";
import type { Emitter } from "./emitter.ts";
import { SCRATCH } from "./scratch.ts";
import { result } from "./values.ts";

/**
 * A path that is, or starts like, one of these, or none of them. It is told from the very bytes that the record has by then, so what another thread
 * does to the caller's memory makes no difference.
 */
export interface PathAtom {
  readonly kind: "path";
  /** The event's parameter. */
  readonly parameter: string;
  /**
   * What rules see of it: the text itself; made absolute where it is not; or normalised too, without `//`, `/.`, `/..` and a slash at its
   * end. What would be changed by that can't be told.
   */
  readonly form: "raw" | "absolute" | "normalised";
  /** What the condition comes to for calls that did not return 0, where rules see the path of those alone that did. */
  readonly otherwise?: boolean;
  /** Printable ASCII, of at most MAX_PATH_TEXT characters each. */
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
  readonly negated: boolean;
}

const WORD = 8;
const WORDS = 16;
/** Paths longer than this are not looked through. */
export const MAX_PATH_TEXT = WORDS * WORD - WORD;

/** Parameters of one event whose place is kept. */
export const MAX_KEPT_TEXTS = 4;

/** Keeps where the record's text `index` of those that conditions look at starts: at R8. */
export function keepText(k: Emitter, index: number): void {
  const { asm } = k;
  asm.store(8, R7, SCRATCH.texts + 8 * index, R8);
}

const SLASHES = 0x2f2f_2f2f_2f2f_2f2fn;
const LOW_BITS = 0x0101_0101_0101_0101n;
const HIGH_BITS = 0x8080_8080_8080_8080n;
const SLASH = 0x2f;

/** Goes to `holds` or `fails`, or to `open` where it can't be told. The text is number `index` of those that are kept, its length at `lengthAt`. */
export function emitPath(
  k: Emitter,
  { form, otherwise, names, prefixes, negated }: PathAtom,
  { index, lengthAt }: { readonly index: number; readonly lengthAt: number },
  { holds, fails, open }: Readonly<Record<"holds" | "fails" | "open", Label>>,
): void {
  const { asm } = k;
  if (otherwise !== undefined) {
    result(k);
    asm.jump("ne", R0, 0, otherwise === negated ? fails : holds);
  }
  // Unreadable ones show as something else.
  asm.load(2, R0, R7, lengthAt);
  asm.jump("eq", R0, 0, open);
  if (form === "normalised") asm.jump("gt", R0, MAX_PATH_TEXT, open);
  asm.load(8, R1, R7, SCRATCH.texts + 8 * index);
  asm.jump("gt", R1, SCRATCH.recordLimit, open);
  asm.alu("add", R1, R7);
  // What lies behind a text without an end is not part of it.
  asm.mov(R2, R1);
  asm.alu("add", R2, R0);
  asm.load(1, R2, R2, SCRATCH.record - 1);
  asm.jump("ne", R2, 0, open);
  if (form !== "raw") {
    asm.load(1, R2, R1, SCRATCH.record);
    asm.jump("ne", R2, SLASH, open);
  }
  if (form === "normalised") unlessPlain(k, open);
  // Rules see texts up to their first NUL.
  for (const name of names) unlessEqual(k, `${name}\0`, holds);
  for (const prefix of prefixes) unlessEqual(k, prefix, holds);
  asm.goto(fails);
}

/** Goes to `holds` if the text (R1) begins with this; goes on if not. */
function unlessEqual(k: Emitter, text: string, holds: Label): void {
  const { asm } = k;
  const other = asm.label("other path");
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += WORD) {
    const part = Buffer.alloc(WORD);
    const mask = Buffer.alloc(WORD);
    bytes.copy(part, 0, at);
    mask.fill(0xff, 0, Math.min(WORD, bytes.length - at));
    asm.load(8, R2, R1, SCRATCH.record + at);
    if (at + WORD > bytes.length) {
      asm.wide(R3, mask.readBigUInt64LE());
      asm.alu("and", R2, R3);
    }
    asm.wide(R3, part.readBigUInt64LE());
    asm.jump("ne", R2, R3, other);
  }
  asm.goto(holds);
  asm.place(other);
}

/** Goes to `open` if a slash is followed by a slash, a dot or the end of the text (R1, of at most MAX_PATH_TEXT bytes). Eight bytes at a time. */
function unlessPlain(k: Emitter, open: Label): void {
  const { asm } = k;
  const plain = asm.label("plain path");
  k.temporary(8, (length) => {
    asm.store(8, R10, length, R0);
    for (let at = 0; at < MAX_PATH_TEXT; at += WORD) {
      asm.load(8, R0, R10, length);
      asm.jump("le", R0, at, plain);
      asm.load(8, R2, R1, SCRATCH.record + at);
      asm.load(8, R3, R1, SCRATCH.record + at + 1);
      asm.wide(R5, SLASHES);
      asm.alu("xor", R2, R5);
      zeroBytes(k, R2);
      // A dot and a slash differ in the lowest bit.
      asm.wide(R0, LOW_BITS);
      asm.alu("or", R0, R3);
      asm.wide(R5, SLASHES);
      asm.alu("xor", R0, R5);
      zeroBytes(k, R0);
      zeroBytes(k, R3);
      asm.alu("or", R0, R3);
      asm.alu("and", R0, R2);
      asm.wide(R5, HIGH_BITS);
      asm.alu("and", R0, R5);
      asm.jump("ne", R0, 0, open);
    }
    asm.place(plain);
  });
}

/** Sets the high bit of each byte of the register that is 0, maybe of some more behind such a one; other bits mean nothing. Uses R4 and R5. */
function zeroBytes(k: Emitter, word: Reg): void {
  const { asm } = k;
  asm.mov(R4, word);
  asm.wide(R5, LOW_BITS);
  asm.alu("sub", R4, R5);
  asm.alu("xor", word, -1);
  asm.alu("and", word, R4);
}
