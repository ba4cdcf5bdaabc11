import { FLAG_TABLES } from "../../../schema/flags.ts";
import { KEYCTL_ARGUMENTS } from "../../../schema/keyctl-arguments.ts";
import type { Writer } from "../emitter.ts";
import type { Filler } from "../program.ts";
import { usedString } from "../used-values.ts";
import { arg, constant, match, result, uint } from "../values.ts";
import { scalar, sequence } from "../writers.ts";

const DYN_INT64 = 0;
const DYN_CHARBUF = 1;

const operation = uint(arg(0));
const numbers = new Map(FLAG_TABLES.keyctl_operations);

/** Argument `index` (1 to 4, counted from 0) as the operation takes it. */
function argument(index: number): Writer {
  const taking = (letter: string): number[] =>
    Object.entries(KEYCTL_ARGUMENTS)
      .filter(([, letters]) => letters[index - 1] === letter)
      .map(([name]) => numbers.get(name)!);
  const text = sequence(scalar(1, constant(DYN_CHARBUF)), usedString(index));
  const integer = sequence(scalar(1, constant(DYN_INT64)), scalar(8, arg(index)));
  const unused = sequence(scalar(1, constant(DYN_INT64)), scalar(8, constant(0)));
  return match(
    operation,
    [
      [taking("s"), text],
      [taking("i"), integer],
    ],
    unused,
  );
}

/** keyctl(2). */
export function keyctlFiller(): Filler {
  return {
    params: {
      res: result,
      operation,
      arg2: argument(1),
      arg3: argument(2),
      arg4: argument(3),
      arg5: argument(4),
    },
  };
}
