import { POLL_BITS } from "../../schema/native-flags.ts";
import { type Label, R0, R1, R2, R3, R8, R9 } from "./assembler.ts";
import type { Cell, Emitter, Value, Writer } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { bits, combine, userWord, whenCompat } from "./values.ts";
import { scalar, userBytes } from "./writers.ts";

/** The rest of an iovec array is neither read nor counted. */
const MAX_IOVECS = 32;
const MAX_POLLED = 16;
const POLLFD_SIZE = 8;
/** Record lengths are 16 bits. */
const MAX_PARAM = 65535;

/** The first bytes, up to the snap length, of `length` bytes of user data. */
export function userData(at: Value, length: Value): Writer {
  return (k) => userBytes(at, length, k.target.snapLength)(k);
}

/** R9 = 0 … count-1 (at most `limit`) in turn; `body` may jump to `end` and must leave R9 alone. */
function loop(k: Emitter, count: Cell, limit: number, body: (end: Label) => void): void {
  const { asm } = k;
  const next = asm.label("next");
  const end = asm.label("end");
  asm.mov(R9, 0);
  asm.place(next);
  count.load(k, R1);
  asm.jump("sle", R1, R9, end);
  k.branch(() => body(end));
  asm.alu("add", R9, 1);
  asm.jump("lt", R9, limit, next);
  asm.place(end);
}

/** Word `word` (0 the address, 1 the length) of element R9 of the iovec array. */
function iovec(array: Cell, word: 0 | 1): Value {
  const element = (size: number): Value =>
    combine("add", array.value, (k) => {
      k.asm.mov(R0, R9);
      k.alu("mul", size);
    });
  const wide = (k: Emitter): void => userWord(element(16), word)(k);
  const narrow = (k: Emitter): void => userWord(element(8), word)(k);
  return whenCompat(narrow, wide);
}

/** The first bytes, at most `length` and the snap length, of what an array of `count` iovecs describes. */
export function iovecData(array: Value, count: Value, length: Value): Writer {
  return (k) =>
    k.cells(4, (base, number, left, size) => {
      const { asm } = k;
      const whole = asm.label("whole");
      const limit = Math.min(k.target.snapLength, MAX_PARAM);
      base.keep(k, array);
      number.keep(k, count);
      length(k);
      asm.jump("le", R0, limit, whole);
      asm.mov(R0, limit);
      asm.place(whole);
      left.store(k, R0);
      loop(k, number, MAX_IOVECS, (end) => {
        const fits = asm.label("fits");
        const bounded = asm.label("bounded");
        const skip = asm.label("empty");
        iovec(base, 1)(k);
        left.load(k, R1);
        asm.jump("eq", R1, 0, end);
        asm.jump("eq", R0, 0, skip);
        asm.jump("le", R0, R1, fits);
        asm.mov(R0, R1);
        asm.place(fits);
        asm.jump("le", R0, limit, bounded);
        asm.mov(R0, limit);
        asm.place(bounded);
        size.store(k, R0);
        asm.alu("sub", R1, R0);
        left.store(k, R1);
        iovec(base, 0)(k);
        asm.mov(R3, R0);
        k.recordEnd();
        size.load(k, R2);
        asm.jump("gt", R2, limit, end);
        asm.call(HELPER.probeReadUser);
        asm.jump("ne", R0, 0, end);
        size.load(k, R0);
        asm.alu("add", R8, R0);
        k.settle();
        asm.place(skip);
      });
    });
}

/** Bytes that an array of `count` iovecs describes. */
export function iovecSize(array: Value, count: Value): Value {
  return (k) =>
    k.cells(3, (base, number, total) => {
      base.keep(k, array);
      number.keep(k, count);
      total.store(k, 0);
      loop(k, number, MAX_IOVECS, () => {
        iovec(base, 1)(k);
        total.load(k, R1);
        k.asm.alu("add", R1, R0);
        total.store(k, R1);
      });
      total.load(k, R0);
    });
}

/** What poll(2) answered: | number u16 | descriptor i64, events u16 | … of the first of `count` struct pollfd. */
export function polled(array: Value, count: Value): Writer {
  return (k) =>
    k.cells(3, (base, number, entry) => {
      const { asm } = k;
      const few = asm.label("few");
      base.keep(k, array);
      count(k);
      asm.jump("le", R0, MAX_POLLED, few);
      asm.mov(R0, MAX_POLLED);
      asm.place(few);
      number.store(k, R0);
      // struct pollfd { int fd; short events, revents }
      scalar(2, number.value)(k);
      loop(k, number, MAX_POLLED, () => {
        base.load(k, R3);
        asm.mov(R0, R9);
        asm.alu("mul", R0, POLLFD_SIZE);
        asm.alu("add", R3, R0);
        k.readUser(8);
        entry.store(k, R0);
        asm.alu("shl", R0, 32);
        asm.alu("sar", R0, 32);
        k.append(8);
        bits((inner) => {
          entry.load(inner, R0);
          inner.alu("shr", 48);
        }, POLL_BITS)(k);
        k.append(2);
      });
    });
}
