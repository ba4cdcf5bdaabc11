import { EVENT_HEADER_SIZE } from "../../event/source.ts";
import { R0, R1, R3, R7, R10 } from "./assembler.ts";
import type { Value, Writer } from "./emitter.ts";
import { RECORDED_CONTROLLERS } from "./group-places.ts";
import { kernfsPath } from "./path-text.ts";
import { SCRATCH } from "./scratch.ts";
import { TASK_COMM_LEN } from "./task-comm.ts";
import { address, combine, constant, int, masked, member, shared, shiftLeft, when } from "./values.ts";
import { kernelString, MAX_PATH, sequence, userString, userStringBlock } from "./writers.ts";

/** Kinds of ids a `struct signal_struct` keeps (enum pid_type). */
const PIDTYPE = { tgid: 1, pgid: 2 } as const;
const RLIMIT_NOFILE = 7;

/** What a record says about a task: expressions over the `struct task_struct *` that `task` gives. */
export class TaskValues {
  readonly #task: Value;
  readonly #mm: Value;

  constructor(task: Value) {
    this.#task = task;
    this.#mm = shared(this.of("mm"));
    this.groups = shared(this.of("cgroups"));
  }

  of(...paths: readonly string[]): Value {
    return member(this.#task, "task_struct", ...paths);
  }

  get tid(): Value {
    return int(this.of("pid"));
  }

  get pid(): Value {
    return int(this.of("tgid"));
  }

  /** Thread id of the parent. */
  get parent(): Value {
    return int(this.of("real_parent.pid"));
  }

  get fdLimit(): Value {
    return this.of(`signal.rlim[${RLIMIT_NOFILE}].rlim_cur`);
  }

  get majorFaults(): Value {
    return this.of("maj_flt");
  }

  get minorFaults(): Value {
    return this.of("min_flt");
  }

  /** Kilobytes, like all memory sizes here. */
  get vmSize(): Value {
    return kilobytes(member(this.#mm, "mm_struct", "total_vm"));
  }

  get vmRss(): Value {
    // MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES
    return kilobytes(combine("add", combine("add", this.#pages(0), this.#pages(1)), this.#pages(3)));
  }

  get vmSwap(): Value {
    return kilobytes(this.#pages(2));
  }

  #pages(counter: number): Value {
    return member(this.#mm, "mm_struct", `rss_stat[${counter}].count`, `rss_stat.count[${counter}].counter`);
  }

  get comm(): Writer {
    return kernelString(address(this.#task, "task_struct", "comm"), TASK_COMM_LEN);
  }

  get exe(): Writer {
    return userString(this.#argStart);
  }

  /** Arguments behind the first; `exe` must be parameter `exeIndex` of the same record. */
  args(exeIndex: number): Writer {
    const exeLength: Value = (k) => k.asm.load(2, R0, R7, SCRATCH.record + EVENT_HEADER_SIZE + 2 * exeIndex);
    const all = combine("sub", member(this.#mm, "mm_struct", "arg_end"), this.#argStart);
    const kept = when(all, "gt", MAX_PATH, constant(MAX_PATH), all);
    return userStringBlock(combine("add", this.#argStart, exeLength), combine("sub", kept, exeLength));
  }

  get #argStart(): Value {
    return member(this.#mm, "mm_struct", "arg_start");
  }

  get env(): Writer {
    const start = member(this.#mm, "mm_struct", "env_start");
    return userStringBlock(start, combine("sub", member(this.#mm, "mm_struct", "env_end"), start));
  }

  get uid(): Value {
    return this.of("cred.euid.val");
  }

  get gid(): Value {
    return this.of("cred.egid.val");
  }

  get loginUid(): Value {
    return (k) => (k.btf.has("task_struct", "loginuid.val") ? this.of("loginuid.val") : constant(-1))(k);
  }

  capability(kind: "cap_inheritable" | "cap_permitted" | "cap_effective"): Value {
    // Since Linux 6.3 one 64-bit word instead of two of 32.
    return (k) => {
      const split = combine(
        "or",
        this.of(`cred.${kind}.cap[0]`),
        shiftLeft(this.of(`cred.${kind}.cap[1]`), 32),
      );
      (k.btf.has("task_struct", `cred.${kind}.val`) ? this.of(`cred.${kind}.val`) : split)(k);
    };
  }

  /** Ids as the task's own pid namespace numbers them. */
  get vtid(): Value {
    return ownNumber(this.of("thread_pid"));
  }

  get vpid(): Value {
    return ownNumber(this.of(`signal.pids[${PIDTYPE.tgid}]`));
  }

  get vpgid(): Value {
    return ownNumber(this.of(`signal.pids[${PIDTYPE.pgid}]`));
  }

  get pgid(): Value {
    return int(this.of(`signal.pids[${PIDTYPE.pgid}].numbers[0].nr`));
  }

  /** `struct pid_namespace *` the task lives in. */
  get pidNamespace(): Value {
    return ownNamespace(this.of("thread_pid"));
  }

  /** Start of the namespace's first process, nanoseconds since boot (CLOCK_MONOTONIC). */
  get pidNamespaceStart(): Value {
    return member(this.pidNamespace, "pid_namespace", "child_reaper.start_time");
  }

  /** Number of the controlling terminal's device, 0 without one. */
  get tty(): Value {
    const tty = shared(this.of("signal.tty"));
    const of = (path: string): Value => member(tty, "tty_struct", path);
    const minor = combine("add", of("driver.minor_start"), of("index"));
    // As makedev(3) puts it: minor bits 0–7, major, minor bits 8–19.
    return combine(
      "or",
      combine("or", masked(minor, 0xff), shiftLeft(of("driver.major"), 8)),
      shiftLeft(masked(minor, 0xfff00), 12),
    );
  }

  /** `struct css_set *`, the task's control groups: one that is taken once a program, since others may move the task. */
  readonly groups: Value;

  /** Lines `subsystem=path`, each ended by a NUL. */
  get cgroups(): Writer {
    return sequence(...RECORDED_CONTROLLERS.map((name) => this.#cgroup(name)));
  }

  #cgroup(name: string): Writer {
    return (k) => {
      const index = k.btf.enumerator("cgroup_subsys_id", `${name}_cgrp_id`);
      if (index === undefined) return;
      const css = member(this.groups, "css_set", `subsys[${index}]`);
      const { asm } = k;
      const skip = asm.label("no cgroup");
      css(k);
      asm.jump("eq", R0, 0, skip);
      k.branch(() => {
        kernelString(member(css, "cgroup_subsys_state", "ss.name"), 64)(k);
        // The name's NUL becomes the equals sign.
        k.recordEnd(-1);
        asm.store(1, R1, 0, 0x3d);
        kernfsPath(member(css, "cgroup_subsys_state", "cgroup.kn"))(k);
      });
      asm.place(skip);
    };
  }
}

/** Number that a `struct pid *` has in its own namespace. */
function ownNumber(pid: Value): Value {
  return ownUpid(pid, "nr", 4);
}

/** `struct pid_namespace *` of a `struct pid *`. */
function ownNamespace(pid: Value): Value {
  return ownUpid(pid, "ns", 8);
}

/** Member of the last element of `numbers`, the array with an entry for each namespace level. */
function ownUpid(pid: Value, name: "nr" | "ns", size: 4 | 8): Value {
  return (k) =>
    k.temporary(8, (at) => {
      const { asm, btf } = k;
      const end = asm.label("no pid");
      pid(k);
      asm.jump("eq", R0, 0, end);
      asm.store(8, R10, at, R0);
      k.branch(() => k.follow(btf.path("pid", "level")));
      asm.alu("mul", R0, btf.sizeOf("upid"));
      asm.mov(R3, R0);
      asm.load(8, R1, R10, at);
      asm.alu("add", R3, R1);
      asm.alu("add", R3, btf.path("pid", `numbers[0].${name}`).offset);
      k.readKernel(size);
      asm.place(end);
    });
}

function kilobytes(pages: Value): Value {
  return (k) => {
    pages(k);
    k.alu("shl", k.target.arch.pageShift - 10);
  };
}
