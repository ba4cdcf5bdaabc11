import type { Json } from "./json-value.ts";

/** Differences that are not counted, and why. */
export interface Exception {
  readonly fields: readonly string[];
  readonly reason: string;
  /** Captures it concerns; all of them when absent. */
  readonly captures?: readonly string[];
  /** Tells the excepted values from others of the field; all of them when absent. */
  readonly when?: (ours: Json, theirs: Json) => boolean;
}

const isSameSet = (a: Json, b: Json): boolean =>
  Array.isArray(a) && Array.isArray(b) && [...a].sort().join() === [...b].sort().join();

/** Captures that bring a process list along. */
const WITH_PROCESS_LIST = [
  "cat_write",
  "connect_localhost",
  "empty",
  "empty_v1",
  "libs_curl_google",
  "libs_sample",
  "open-multiple-files",
  "ping_sendto",
  "syscall",
];

export const EXCEPTIONS: readonly Exception[] = [
  {
    fields: ["proc.exe_ino.ctime_duration_proc_start", "proc.exe_ino.ctime_duration_pidns_start"],
    captures: WITH_PROCESS_LIST,
    reason: "the reference prints memory that it never sets for threads of the capture's process list",
  },
  {
    fields: ["evt.buffer"],
    when: (ours, theirs) => ours === "" || theirs === "0.",
    reason:
      "of empty data, and of numbers (ptrace), the reference prints as many bytes as the event before had, " +
      "and so what was left in its memory",
  },
  {
    fields: ["fd.types"],
    when: isSameSet,
    reason: "the reference lists kinds in the order of its hash table; here they come in order of opening",
  },
];
