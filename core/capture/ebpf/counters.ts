import type { EventInfo } from "../../schema/event-row.ts";

/** Names of the loss counters, as metrics and drop messages show them; the index is the counter's place in the map. */
export const LOSS_CAUSES = [
  "buffer_clone_fork_exit",
  "buffer_execve_exit",
  "buffer_connect_exit",
  "buffer_open_exit",
  "buffer_dir_file_exit",
  "buffer_other_interest_exit",
  "buffer_close_exit",
  "buffer_proc_exit",
] as const;

export type LossCause = (typeof LOSS_CAUSES)[number];

const BY_NAME: Readonly<Record<string, LossCause>> = Object.fromEntries(
  (
    [
      ["buffer_clone_fork_exit", "clone clone3 fork vfork"],
      ["buffer_execve_exit", "execve execveat"],
      ["buffer_connect_exit", "connect"],
      ["buffer_open_exit", "open openat openat2 creat open_by_handle_at"],
      [
        "buffer_dir_file_exit",
        "access chdir fchdir chmod fchmod fchmodat chown lchown fchown fchownat link linkat mkdir mkdirat mount rename renameat renameat2 rmdir symlink symlinkat umount umount2 unlink unlinkat",
      ],
      ["buffer_close_exit", "close"],
      ["buffer_proc_exit", "procexit"],
    ] as const
  ).flatMap(([cause, names]) => names.split(" ").map((name) => [name, cause] as const)),
);

/** Which counter counts a lost event of this type. */
export function counterOf(event: EventInfo): number {
  return LOSS_CAUSES.indexOf(BY_NAME[event.name] ?? "buffer_other_interest_exit");
}
