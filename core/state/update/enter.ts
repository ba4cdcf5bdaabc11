import { EventCursor } from "../../event/cursor.ts";
import { standsAlone } from "../../ffi/stands-alone.ts";
import { EVENT } from "../../schema/event-codes.ts";
import type { State } from "../state.ts";
import type { Update, UpdateTable } from "./update.ts";

/** Larger records are not worth keeping: what they carry has other bounds. */
const MAX_RECORD = 4096;

/** Keeps the event for the exit event that follows: what a program asked for when it asked. */
const keep: Update = (state, event) => {
  const { thread } = state;
  if (!thread || event.length > MAX_RECORD) return;
  thread.enterRecord = Buffer.from(event.bytes.subarray(event.offset, event.offset + event.length));
};

/** Producers that could not read the parameters left all of them empty. */
const keepUnlessEmpty: Update = (state, event) => {
  if (event.size(0) > 0) keep(state, event);
};

const cursor = new EventCursor();

/** The enter event of the current exit event, when it was kept. Valid until the next call. */
export function enterOf(state: State, exitCode: number): EventCursor | undefined {
  const record = state.enterMatches ? state.thread?.enterRecord : undefined;
  if (!record) return undefined;
  cursor.set(record, new DataView(record.buffer, record.byteOffset, record.length), 0, 0);
  const belongs =
    cursor.code === exitCode - 1 ||
    (exitCode === EVENT.SYSCALL_EXECVE_19_X && cursor.code === EVENT.SYSCALL_EXECVEAT_E);
  return belongs ? cursor : undefined;
}

standsAlone(enterOf);

export const enterUpdates: UpdateTable = {
  [EVENT.SYSCALL_OPEN_E]: keepUnlessEmpty,
  [EVENT.SYSCALL_CREAT_E]: keepUnlessEmpty,
  [EVENT.SYSCALL_OPENAT_2_E]: keepUnlessEmpty,
  [EVENT.SYSCALL_OPENAT2_E]: keepUnlessEmpty,
  [EVENT.SYSCALL_EXECVE_19_E]: keepUnlessEmpty,
  [EVENT.SYSCALL_EXECVEAT_E]: keep,
  [EVENT.SOCKET_CONNECT_E]: keep,
};
