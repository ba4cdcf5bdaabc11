import type { EventCursor } from "../event/cursor.ts";
import { isSeldom } from "../ffi/seldom.ts";
import { TextsCache } from "./texts-cache.ts";

/** What a process may do and which file it runs. Threads share it, so nobody may change one: they take another. */
export interface Program {
  readonly exeWritable: boolean;
  readonly exeUpperLayer: boolean;
  readonly exeLowerLayer: boolean;
  readonly exeFromMemfd: boolean;
  readonly capInheritable: bigint;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
  readonly exeIno: bigint;
  /** Change and modification time of the file, nanoseconds since the epoch. */
  readonly exeCtime: bigint;
  readonly exeMtime: bigint;
}

export const NO_PROGRAM: Program = {
  exeWritable: false,
  exeUpperLayer: false,
  exeLowerLayer: false,
  exeFromMemfd: false,
  capInheritable: 0n,
  capPermitted: 0n,
  capEffective: 0n,
  exeIno: 0n,
  exeCtime: 0n,
  exeMtime: 0n,
};

/** Parameters of execve and execveat exits; they stand one behind the other. */
const P = {
  flags: 19,
  capInheritable: 20,
  capPermitted: 21,
  capEffective: 22,
  ino: 23,
  ctime: 24,
  mtime: 25,
} as const;
const EXE = { WRITABLE: 1, UPPER_LAYER: 2, FROM_MEMFD: 4, LOWER_LAYER: 8 } as const;

/** The same few programs are started again and again. */
const programs = new TextsCache<Program>((event) => decode(NO_PROGRAM, event));

/** The program that an exec starts; what the event does not tell stays as it was before. */
export function programOf(event: EventCursor, before: Program): Program {
  return isWhole(event) ? programs.get(event, P.flags, P.mtime) : decode(before, event);
}

/** Whether all is there in its usual size: then the same bytes mean the same. */
function isWhole(event: EventCursor): boolean {
  for (let i: number = P.capInheritable; i <= P.mtime; i++) if (event.size(i) !== 8) return false;
  return event.size(P.flags) === 4;
}

/** Whether the event tells when the program's file was changed. */
export const tellsTimes = (event: EventCursor): boolean => event.size(P.mtime) > 0;

function decode(before: Program, event: EventCursor): Program {
  return {
    ...before,
    ...(event.size(P.flags) > 0 && flagsOf(event.uint(P.flags, 0))),
    ...(event.size(P.capEffective) > 0 && {
      capInheritable: event.bigint(P.capInheritable, false),
      capPermitted: event.bigint(P.capPermitted, false),
      capEffective: event.bigint(P.capEffective, false),
    }),
    ...(tellsTimes(event) && {
      exeIno: event.bigint(P.ino, false),
      exeCtime: event.bigint(P.ctime, false),
      exeMtime: event.bigint(P.mtime, false),
    }),
  };
}

isSeldom(programOf, isWhole, tellsTimes);

const flagsOf = (flags: number) => ({
  exeWritable: (flags & EXE.WRITABLE) !== 0,
  exeUpperLayer: (flags & EXE.UPPER_LAYER) !== 0,
  exeFromMemfd: (flags & EXE.FROM_MEMFD) !== 0,
  exeLowerLayer: (flags & EXE.LOWER_LAYER) !== 0,
});
