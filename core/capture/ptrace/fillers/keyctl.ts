import { FLAG_TABLES } from "../../../schema/flags.ts";
import { KEYCTL_ARGUMENTS } from "../../../schema/keyctl-arguments.ts";
import type { FillerSet } from "../filler.ts";
import { type Read, result, text, uint } from "../values.ts";

const DYN_INT64 = 0;
const DYN_CHARBUF = 1;

const letters = new Map(
  FLAG_TABLES.keyctl_operations.map(([name, number]) => [number, KEYCTL_ARGUMENTS[name] ?? ""]),
);
const operation = uint(0);

/** Argument `index` (1 to 4, counted from 0) as the operation takes it. */
const argument =
  (index: number): Read<Uint8Array> =>
  (call) => {
    const letter = letters.get(operation(call))?.[index - 1];
    if (letter === "s") return Buffer.concat([Buffer.of(DYN_CHARBUF), text(index)(call)]);
    const bytes = Buffer.alloc(9);
    bytes[0] = DYN_INT64;
    if (letter === "i") bytes.writeBigUInt64LE(call.args[index]!, 1);
    return bytes;
  };

/** keyctl(2). */
export const keyctlFillers: FillerSet = {
  SYSCALL_KEYCTL_X: {
    res: result,
    operation,
    arg2: argument(1),
    arg3: argument(2),
    arg4: argument(3),
    arg5: argument(4),
  },
};
