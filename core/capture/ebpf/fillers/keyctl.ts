import { FLAG_TABLES } from "../../../schema/flags.ts";
import type { Writer } from "../emitter.ts";
import type { Filler } from "../program.ts";
import { arg, constant, match, result, uint } from "../values.ts";
import { scalar, sequence, userString } from "../writers.ts";

const DYN_INT64 = 0;
const DYN_CHARBUF = 1;

/** What arguments 2 to 5 of an operation are: i an integer, s a text; those without a letter are not used. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  KEYCTL_JOIN_SESSION_KEYRING: "s",
  KEYCTL_REVOKE: "i",
  KEYCTL_CLEAR: "i",
  KEYCTL_SET_REQKEY_KEYRING: "i",
  KEYCTL_ASSUME_AUTHORITY: "i",
  KEYCTL_INVALIDATE: "i",
  KEYCTL_GET_KEYRING_ID: "ii",
  KEYCTL_SETPERM: "ii",
  KEYCTL_LINK: "ii",
  KEYCTL_UNLINK: "ii",
  KEYCTL_SET_TIMEOUT: "ii",
  KEYCTL_GET_PERSISTENT: "ii",
  KEYCTL_CAPABILITIES: "ii",
  KEYCTL_UPDATE: "iii",
  KEYCTL_CHOWN: "iii",
  KEYCTL_DESCRIBE: "iii",
  KEYCTL_READ: "iii",
  KEYCTL_NEGATE: "iii",
  KEYCTL_GET_SECURITY: "iii",
  KEYCTL_WATCH_KEY: "iii",
  KEYCTL_RESTRICT_KEYRING: "iss",
  KEYCTL_PKEY_QUERY: "iis",
  KEYCTL_SEARCH: "issi",
  KEYCTL_INSTANTIATE: "iiii",
  KEYCTL_REJECT: "iiii",
  KEYCTL_INSTANTIATE_IOV: "iiii",
  KEYCTL_DH_COMPUTE: "iiii",
  KEYCTL_MOVE: "iiii",
  KEYCTL_PKEY_ENCRYPT: "isii",
  KEYCTL_PKEY_DECRYPT: "isii",
  KEYCTL_PKEY_SIGN: "isii",
  KEYCTL_PKEY_VERIFY: "isii",
};

const operation = uint(arg(0));
const numbers = new Map(FLAG_TABLES.keyctl_operations);

/** Argument `index` (1 to 4, counted from 0) as the operation takes it. */
function argument(index: number): Writer {
  const taking = (letter: string): number[] =>
    Object.entries(ARGUMENTS)
      .filter(([, letters]) => letters[index - 1] === letter)
      .map(([name]) => numbers.get(name)!);
  const text = sequence(scalar(1, constant(DYN_CHARBUF)), userString(arg(index)));
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
