import type { EventInfo } from "../../schema/event-row.ts";

/** Names of the loss counters, as metrics and drop messages show them; the index is the counter's place in its CPU's part of the map. */
export const LOSS_CAUSES = [
  "n_drops_buffer_clone_fork_exit",
  "n_drops_buffer_execve_exit",
  "n_drops_buffer_connect_exit",
  "n_drops_buffer_open_exit",
  "n_drops_buffer_dir_file_exit",
  "n_drops_buffer_other_interest_exit",
  "n_drops_buffer_close_exit",
  "n_drops_buffer_proc_exit",
  "n_drops_scratch_map",
] as const;

/** Bytes of the counters map for each CPU: a cause every eight bytes, and room so that no two CPUs share a cache line. */
export const COUNTERS_STRIDE = 128;

/** Records that outgrow the work area. */
export const TOO_LARGE = LOSS_CAUSES.indexOf("n_drops_scratch_map");

export type LossCause = (typeof LOSS_CAUSES)[number];

const BY_NAME: Readonly<Record<string, LossCause>> = Object.fromEntries(
  (
    [
      ["n_drops_buffer_clone_fork_exit", "clone clone3 fork vfork"],
      ["n_drops_buffer_execve_exit", "execve execveat"],
      ["n_drops_buffer_connect_exit", "connect"],
      ["n_drops_buffer_open_exit", "open openat openat2 creat open_by_handle_at"],
      [
        "n_drops_buffer_dir_file_exit",
        "access chdir fchdir chmod fchmod fchmodat chown lchown fchown fchownat link linkat mkdir mkdirat mount rename renameat renameat2 rmdir symlink symlinkat umount umount2 unlink unlinkat",
      ],
      ["n_drops_buffer_close_exit", "close"],
      ["n_drops_buffer_proc_exit", "procexit"],
    ] as const
  ).flatMap(([cause, names]) => names.split(" ").map((name) => [name, cause] as const)),
);

/** Which counter counts a lost event of this type. */
export function counterOf(event: EventInfo): number {
  return LOSS_CAUSES.indexOf(BY_NAME[event.name] ?? "n_drops_buffer_other_interest_exit");
}
