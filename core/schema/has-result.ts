import { EVENT } from "./event-codes.ts";
import { EVENTS } from "./events.ts";

/** 1 for event codes that carry a return value as parameter 0: exits of system calls, generic ones excepted. */
export const HAS_RESULT = Uint8Array.from(EVENTS, ({ code, origin, params }) =>
  origin === "SYSCALL" && (code & 1) === 1 && params.length > 0 && code !== EVENT.GENERIC_X ? 1 : 0,
);
