/** The switch in `metrics.*_enabled` that a metric belongs to. */
export type Group =
  | "rules_counters"
  | "resource_utilization"
  | "state_counters"
  | "kernel_event_counters"
  | "kernel_iter_event_counters";

export type Unit = "count" | "percent" | "kibibytes" | "bytes";

export interface Metric {
  /** Name without prefix, unit included where the metrics event shows one: `memory_rss_kb`. */
  readonly name: string;
  readonly group: Group;
  readonly kind: "counter" | "gauge";
  readonly unit: Unit;
  readonly doc: string;
  /** Printed in the metrics event even when it is zero and empty values are left out. */
  readonly always?: boolean;
  /** On the Prometheus page, samples of one family told apart by labels. */
  readonly family?: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  /** Not on the Prometheus page: a sum of samples that are there. */
  readonly eventOnly?: boolean;
}

const counter =
  (group: Group) =>
  (name: string, doc: string, more: Partial<Metric> = {}): Metric => ({
    name,
    group,
    kind: "counter",
    unit: "count",
    doc,
    ...more,
  });
const kernel = counter("kernel_event_counters");
const iterator = counter("kernel_iter_event_counters");
const state = counter("state_counters");
const resource = (name: string, unit: Unit, doc: string): Metric => ({
  name,
  group: "resource_utilization",
  kind: "gauge",
  unit,
  doc,
});

/** Drops for want of room in the ring buffer, by what the dropped system call was about. */
const bufferDrop = (about: string): Metric =>
  kernel(`n_drops_buffer_${about}_exit`, "Events dropped because the buffer was full.", {
    family: { name: "n_drops_buffer", labels: { dir: "exit", drop: about } },
  });

/** What a task iterator hands over, besides tasks themselves. */
const TASK_FILES = [
  "pipe",
  "memfd",
  "regular",
  "directory",
  "socket_inet",
  "socket_inet6",
  "socket_unix",
  "socket_netlink",
  "anon_inode",
] as const;

/**
 * Counters that sources, state and the process report by name, in the order of the Prometheus page. Names are those
 * of the reference: dashboards and recorded metrics events depend on them.
 */
export const metrics: readonly Metric[] = [
  kernel("n_evts", "Events that reached the probe.", { always: true }),
  kernel("n_drops_buffer_total", "Events dropped because the buffer was full.", { eventOnly: true }),
  ...["clone_fork", "execve", "connect", "open", "dir_file", "other_interest", "close", "proc"].map(
    bufferDrop,
  ),
  kernel("n_drops_scratch_map", "Events dropped because they were larger than the scratch space."),
  kernel("n_drops", "Events dropped for any reason.", { always: true }),
  kernel(
    "n_evts_postponed",
    "Events taken out of a buffer that was filling up before there was time for them.",
  ),
  iterator("n_evts_task", "Tasks handed over by the kernel's iterators."),
  ...TASK_FILES.map((file) =>
    iterator(`n_evts_task_file_${file}`, "Open files handed over by the kernel's iterators."),
  ),
  iterator("n_drops_max_event_size", "Iterator events dropped because of their size."),
  iterator("n_drops_task", "Tasks dropped by the kernel's iterators."),
  ...TASK_FILES.map((file) =>
    iterator(`n_drops_task_file_${file}`, "Open files dropped by the kernel's iterators."),
  ),

  resource("cpu_usage_perc", "percent", "CPU time of this process since it started, as a share of one CPU."),
  resource("memory_rss_kb", "kibibytes", "Resident memory of this process."),
  resource("memory_vsz_kb", "kibibytes", "Virtual memory of this process."),
  resource("memory_pss_kb", "kibibytes", "Proportional memory of this process."),
  resource("container_memory_used_bytes", "bytes", "Memory of the control group this process is in."),
  resource("host_cpu_usage_perc", "percent", "CPU time of the host since it booted, as a share of all CPUs."),
  resource("host_memory_used_kb", "kibibytes", "Memory in use on the host."),
  resource("host_procs_running", "count", "Processes running on the host."),
  resource("host_open_fds", "count", "Open file descriptors on the host."),

  state("n_threads", "Threads tracked.", { kind: "gauge" }),
  state("n_fds", "Descriptors tracked.", { kind: "gauge" }),
  state("n_noncached_fd_lookups", "Descriptor look-ups that missed the last one used."),
  state("n_cached_fd_lookups", "Descriptor look-ups answered by the last one used."),
  state("n_failed_fd_lookups", "Descriptor look-ups that found nothing."),
  state("n_added_fds", "Descriptors added."),
  state("n_removed_fds", "Descriptors removed."),
  state("n_stored_evts", "Enter events kept for their exit."),
  state("n_store_evts_drops", "Enter events that could not be kept."),
  state("n_retrieved_evts", "Enter events found again at their exit."),
  state("n_retrieve_evts_drops", "Exits whose enter event was not found."),
  state("n_noncached_thread_lookups", "Thread look-ups that missed the last one used."),
  state("n_cached_thread_lookups", "Thread look-ups answered by the last one used."),
  state("n_failed_thread_lookups", "Thread look-ups that found nothing."),
  state("n_added_threads", "Threads added."),
  state("n_removed_threads", "Threads removed."),
  state("n_drops_full_threadtable", "Threads not added because the table was full."),
];

/** Prefix of a group in the metrics event. */
export const eventPrefix = (group: Group): "falco" | "scap" =>
  group.startsWith("kernel_") ? "scap" : "falco";
/** Subsystem of a group on the Prometheus page. State counters stand under `scap` here, though not in the event. */
export const prometheusSubsystem = (group: Group): "falco" | "scap" =>
  group === "resource_utilization" || group === "rules_counters" ? "falco" : "scap";
