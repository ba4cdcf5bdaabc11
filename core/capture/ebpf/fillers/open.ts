import { OPEN_BITS, RESOLVE_BITS } from "../../../schema/native-flags.ts";
import type { Architecture } from "../architecture.ts";
import type { Value } from "../emitter.ts";
import { fileDevice, fileInode, fileMember, overlayLayer, resultFile } from "../file-values.ts";
import { filePath } from "../path-text.ts";
import type { FillerSet } from "../program.ts";
import { usedPath } from "../used-values.ts";
import { arg, bits, combine, constant, fdArg, result, uint, userRead, when } from "../values.ts";
import { empty } from "../writers.ts";

const FMODE_CREATED = 0x10_0000;
/** Recorded flags without a counterpart in open(2). */
const F_CREATED = 0x4000;
const UPPER_LAYER = 0x8000;
const LOWER_LAYER = 0x1_0000;
const CREAT_UPPER_LAYER = 1;
const CREAT_LOWER_LAYER = 2;
const MODE_BITS = 0o7777;

/** Open flags as recorded, with what the file itself adds: created by this call, layer of an overlay. */
function openFlags(arch: Architecture, flags: Value): Value {
  const access = when(
    combine("and", flags, constant(3)),
    "eq",
    1,
    constant(2),
    when(combine("and", flags, constant(3)), "eq", 2, constant(3), constant(1)),
  );
  const created = bits(fileMember(resultFile, "f_mode"), [[FMODE_CREATED, F_CREATED]]);
  const asked = combine("or", bits(flags, OPEN_BITS[arch.name]), access);
  return combine("or", combine("or", asked, created), overlayLayer(resultFile, UPPER_LAYER, LOWER_LAYER));
}

/** The mode counts only where the call may create a file. */
function openMode(arch: Architecture, flags: Value, mode: Value): Value {
  const creating = OPEN_BITS[arch.name].filter(([, recorded]) => recorded === 0x4 || recorded === 0x2000);
  const mask = creating.reduce((all, [native]) => all | native, 0);
  return when(
    combine("and", flags, constant(mask)),
    "ne",
    0,
    combine("and", mode, constant(MODE_BITS)),
    constant(0),
  );
}

const dev = fileDevice(resultFile);
const ino = fileInode(resultFile);

/** open(2) and its kin. */
export function openFillers(arch: Architecture): FillerSet {
  // struct open_how { u64 flags, mode, resolve }
  const how = {
    flags: userRead(arg(2), 0, 4),
    mode: userRead(arg(2), 8, 4),
    resolve: userRead(arg(2), 16, 4),
  };
  return {
    SYSCALL_OPEN_X: {
      params: {
        fd: result,
        name: usedPath(0),
        flags: openFlags(arch, arg(1)),
        mode: openMode(arch, arg(1), arg(2)),
        dev,
        ino,
      },
    },
    SYSCALL_OPENAT_2_X: {
      params: {
        fd: result,
        dirfd: fdArg(0),
        name: usedPath(1),
        flags: openFlags(arch, arg(2)),
        mode: openMode(arch, arg(2), arg(3)),
        dev,
        ino,
      },
    },
    SYSCALL_OPENAT2_X: {
      params: {
        fd: result,
        dirfd: fdArg(0),
        name: usedPath(1),
        flags: openFlags(arch, how.flags),
        mode: openMode(arch, how.flags, how.mode),
        resolve: bits(how.resolve, RESOLVE_BITS),
        dev,
        ino,
      },
    },
    SYSCALL_OPEN_BY_HANDLE_AT_X: {
      params: {
        fd: result,
        mountfd: fdArg(0),
        flags: openFlags(arch, arg(2)),
        path: when(result, "sge", 0, filePath(resultFile), empty),
        dev,
        ino,
      },
    },
    SYSCALL_CREAT_X: {
      params: {
        fd: result,
        name: usedPath(0),
        mode: combine("and", uint(arg(1)), constant(MODE_BITS)),
        dev,
        ino,
        creat_flags: overlayLayer(resultFile, CREAT_UPPER_LAYER, CREAT_LOWER_LAYER),
      },
    },
  };
}
