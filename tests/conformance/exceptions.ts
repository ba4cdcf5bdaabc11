/** Values that are not compared, and why. */
export interface Exception {
  readonly field: string | RegExp;
  /** Name of the capture; all of them when absent. */
  readonly capture?: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  {
    field: "proc.exe_ino.ctime_duration_proc_start",
    reason: "the reference prints memory that it never set for threads of the capture's process list",
  },
];
