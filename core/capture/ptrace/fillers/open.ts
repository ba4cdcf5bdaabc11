import { OPEN_BITS, RESOLVE_BITS } from "../../../schema/native-flags.ts";
import { readLink, statOf } from "../../proc/proc-files.ts";
import type { FillerSet } from "../filler.ts";
import { ARCH } from "../machine.ts";
import { textOf } from "../task-params.ts";
import type { Invocation } from "../tracee.ts";
import {
  bits,
  empty,
  int,
  masked,
  pointed,
  type Read,
  result,
  succeeded,
  text,
  translateBits,
  uint,
  when,
} from "../values.ts";

const O_CREAT = 0o100;
const AT_FDCWD = -100;
/** Recorded flag: this call made the file. */
const F_CREATED = 0x4000;
const MODE_BITS = 0o7777;
/** Native bits with which a mode counts: O_CREAT and O_TMPFILE. */
const CREATING = OPEN_BITS[ARCH]
  .filter(([, recorded]) => recorded === 0x4 || recorded === 0x2000)
  .reduce((all, [native]) => all | native, 0);

const low = (value: bigint): number => Number(BigInt.asUintN(32, value));

/** Which arguments hold the directory, the path and the flags of the calls that may create files. */
const CREATORS: Readonly<Record<string, { dir?: number; path: number; flags: Read<number> }>> = {
  SYSCALL_OPEN_X: { path: 0, flags: uint(1) },
  SYSCALL_OPENAT_2_X: { dir: 0, path: 1, flags: uint(2) },
  SYSCALL_OPENAT2_X: { dir: 0, path: 1, flags: (call) => low(pointed(2, 0, 8)(call)) },
};

/** Looks whether the file is there already, which nobody can tell afterwards. */
export function prepareOpen(call: Invocation): void {
  const creator = CREATORS[call.call.exit];
  if (!creator || (creator.flags(call) & O_CREAT) === 0) return;
  const path = Buffer.from(text(creator.path)(call)).toString().replace(/\0$/, "");
  const dirfd = creator.dir === undefined ? AT_FDCWD : int(creator.dir)(call);
  const process = `/proc/${call.tid}`;
  const base = path.startsWith("/") ? "root" : dirfd === AT_FDCWD ? "cwd" : `fd/${dirfd}`;
  call.existed = statOf(`${process}/${base}/${path}`) !== undefined;
}

const recordedFlags =
  (flags: Read<number>): Read<number> =>
  (call) => {
    const native = flags(call);
    const access = [1, 2, 3, 1][native & 3]!;
    const creator = CREATORS[call.call.exit];
    const created = creator && native & O_CREAT && !call.existed && call.result >= 0 ? F_CREATED : 0;
    return (translateBits(native, OPEN_BITS[ARCH]) | access | created) >>> 0;
  };

const openMode =
  (flags: Read<number>, mode: Read<number>): Read<number> =>
  (call) =>
    flags(call) & CREATING ? mode(call) & MODE_BITS : 0;

const NO_FILE = { dev: 0, ino: 0n };

/** What the descriptor that the call returned refers to; both numbers 0 where it returned none. */
function opened(call: Invocation): NonNullable<Invocation["file"]> {
  if (call.file) return call.file;
  const stat = call.result < 0 ? undefined : statOf(`/proc/${call.tid}/fd/${call.result}`);
  call.file = stat ? { dev: Number(stat.dev), ino: stat.ino } : NO_FILE;
  return call.file;
}
const dev: Read<number> = (call) => opened(call).dev;
const ino: Read<bigint> = (call) => opened(call).ino;

const openedPath: Read<Uint8Array> = (call) => textOf(readLink(`/proc/${call.tid}/fd/${call.result}`) ?? "");

const how =
  (offset: number): Read<number> =>
  (call) =>
    low(pointed(2, offset, 8)(call));

/** open(2) and its kin. */
export const openFillers: FillerSet = {
  SYSCALL_OPEN_X: {
    fd: result,
    name: text(0),
    flags: recordedFlags(uint(1)),
    mode: openMode(uint(1), uint(2)),
    dev,
    ino,
  },
  SYSCALL_OPENAT_2_X: {
    fd: result,
    dirfd: int(0),
    name: text(1),
    flags: recordedFlags(uint(2)),
    mode: openMode(uint(2), uint(3)),
    dev,
    ino,
  },
  SYSCALL_OPENAT2_X: {
    fd: result,
    dirfd: int(0),
    name: text(1),
    flags: recordedFlags(how(0)),
    mode: openMode(how(0), how(8)),
    resolve: bits(how(16), RESOLVE_BITS),
    dev,
    ino,
  },
  SYSCALL_OPEN_BY_HANDLE_AT_X: {
    fd: result,
    mountfd: int(0),
    flags: recordedFlags(uint(2)),
    path: when(succeeded, openedPath, empty),
    dev,
    ino,
  },
  SYSCALL_CREAT_X: { fd: result, name: text(0), mode: masked(1, MODE_BITS), dev, ino, creat_flags: () => 0 },
};
