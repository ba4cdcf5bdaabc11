import { constants } from "node:os";

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number as number, name]));

/** The symbolic name of an error number (`13` → `EACCES`), or `errno 13` when it has none here. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** A libc or kernel call that failed. Callers that face people wrap it into a FalcoError with what they were after. */
export class SystemError extends Error {
  readonly errno: number;
  /** `EACCES`, `ENOENT`, … */
  readonly code: string;
  readonly call: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.name = "SystemError";
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
