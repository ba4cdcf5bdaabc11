import { type Label, R0, R1, R2, R3, R7, R8, R10 } from "./assembler.ts";
import type { Emitter, Value, Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import {
  ADDRESS,
  COPIES,
  type KernelCopies,
  LONG_TEXT,
  MAX_ADDRESSES,
  MAX_TEXTS,
  MORE,
  SHORT_TEXT,
  take,
  taskStorage,
  unlessTaken,
} from "./kernel-copies.ts";
import { SCRATCH } from "./scratch.ts";
import { arg } from "./values.ts";
import { userString } from "./writers.ts";

/** Of several texts that came from one address, which may differ: the first or the last that was copied. */
export type Which = "first" | "last";

/**
 * The path name that argument `index` points to: as the kernel used it where that is known, else from the caller's memory. The two names of a
 * call take different ones, so that both show where they have the same address.
 */
export const usedPath = (index: number, which: Which = "first"): Writer => used("paths", index, which);

/** As `usedPath` for texts that are no paths. */
export const usedString = (index: number): Writer => used("strings", index, "first");

function used(hook: "paths" | "strings", index: number, which: Which): Writer {
  const fromMemory = userString(arg(index));
  return (k) => {
    const { copies } = k.target;
    if (copies?.[hook]) copiedText(k, copies, index, which, fromMemory);
    else fromMemory(k);
  };
}

/** Appends the copy of the text that argument `index` points to, or what `otherwise` does. */
function copiedText(
  k: Emitter,
  { own, more, paths }: KernelCopies,
  index: number,
  which: Which,
  otherwise: Writer,
): void {
  const { asm } = k;
  k.copyUse ??= k.inBranch ? "otherwise" : "text first";
  const missing = asm.label("no copy");
  const done = asm.label("text written");
  const short = asm.label("short text");
  const long = asm.label("long text");
  const order = Array.from({ length: MAX_TEXTS }, (_, i) => (which === "first" ? i : MAX_TEXTS - 1 - i));
  k.temporary(16, (at) => {
    const length = at;
    const place = at + 8;
    taskStorage(k, own, missing);
    if (!k.copiesTaken) {
      unlessTaken(k, () => take(k));
      k.copiesTaken = true;
    }
    asm.load(8, R1, R7, SCRATCH.args + 8 * index);
    asm.jump("eq", R1, 0, missing);
    // Second choice: a long name whose address is not known.
    for (const known of paths ? [true, false] : [true]) {
      for (const i of order) {
        const other = asm.label("other slot");
        const slot = COPIES.slots + COPIES.slotSize * i;
        asm.load(4, R2, R0, COPIES.takenTexts);
        asm.jump("le", R2, i, other);
        asm.load(8, R2, R0, slot);
        asm.jump("ne", R2, known ? R1 : 0, other);
        asm.load(8, R2, R0, slot + 8);
        asm.store(8, R10, length, R2);
        asm.mov(R3, R0);
        asm.alu("add", R3, COPIES.text + SHORT_TEXT * i);
        asm.jump("le", R2, SHORT_TEXT, short);
        asm.store(8, R10, place, LONG_TEXT * i);
        asm.goto(long);
        asm.place(other);
      }
    }
    asm.goto(missing);

    asm.place(long);
    taskStorage(k, more, missing);
    asm.mov(R3, R0);
    asm.load(8, R1, R10, place);
    asm.alu("add", R3, R1);
    asm.load(8, R2, R10, length);
    asm.jump("gt", R2, LONG_TEXT, missing);
    asm.place(short);
    k.recordEnd();
    asm.call(HELPER.probeReadKernel);
    asm.jump("ne", R0, 0, missing);
    asm.load(8, R1, R10, length);
    asm.jump("gt", R1, LONG_TEXT, missing);
    asm.alu("add", R8, R1);
    asm.goto(done);
  });
  asm.place(missing);
  k.branch(() => otherwise(k));
  asm.place(done);
}

/** A value of the current task's storage is given to `use`; `missing` where there is none. */
function address(k: Emitter, { own, more }: KernelCopies, ordinal: Value | undefined, missing: Label): void {
  const { asm } = k;
  const found = asm.label("address found");
  const first = asm.label("first address");
  const taken = (count: () => void): void => {
    taskStorage(k, own, missing);
    asm.load(4, R2, R0, COPIES.takenAddresses);
    count();
  };
  if (!ordinal) taken(() => asm.jump("eq", R2, 0, missing));
  else
    k.temporary(8, (at) => {
      ordinal(k);
      asm.store(8, R10, at, R0);
      taken(() => {
        asm.load(8, R1, R10, at);
        asm.jump("le", R2, R1, missing);
        asm.jump("eq", R1, 0, first);
      });
      taskStorage(k, more, missing);
      asm.load(8, R1, R10, at);
      asm.alu("sub", R1, 1);
      asm.jump("ge", R1, MAX_ADDRESSES - 1, missing);
      asm.alu("mul", R1, MORE.addressSize);
      asm.mov(R3, R0);
      asm.alu("add", R3, R1);
      asm.alu("add", R3, MORE.addresses);
      asm.goto(found);
      asm.place(first);
    });
  asm.mov(R3, R0);
  asm.alu("add", R3, COPIES.addressLength);
  if (ordinal) asm.place(found);
  asm.load(8, R2, R3, 0);
  asm.alu("add", R3, 8);
}

/**
 * Copies the address that the call named, as the kernel used it, to the temporary area, at most `max` bytes. R0 = their number, 0 where none is known.
 * `ordinal`: which of those that the call named, the first when absent.
 */
export function usedAddress(max: number, ordinal?: Value): Value {
  return (k) => {
    const { asm, target } = k;
    if (!target.copies?.addresses) {
      asm.mov(R0, 0);
      return;
    }
    k.copyUse ??= "otherwise";
    const missing = asm.label("no address");
    const end = asm.label("address");
    const fits = asm.label("fits");
    k.temporary(8, (length) => {
      address(k, target.copies!, ordinal, missing);
      asm.jump("gt", R2, ADDRESS, missing);
      asm.jump("le", R2, max, fits);
      asm.mov(R2, max);
      asm.place(fits);
      asm.store(8, R10, length, R2);
      asm.mov(R1, R7);
      asm.alu("add", R1, SCRATCH.temp);
      asm.call(HELPER.probeReadKernel);
      asm.jump("ne", R0, 0, missing);
      asm.load(8, R0, R10, length);
      asm.goto(end);
    });
    asm.place(missing);
    asm.mov(R0, 0);
    asm.place(end);
  };
}
