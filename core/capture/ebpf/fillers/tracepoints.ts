import { R0 } from "../assembler.ts";
import type { Value } from "../emitter.ts";
import { HELPER } from "../helper.ts";
import { ENDS } from "../lessons.ts";
import type { EventId, Filler } from "../program.ts";
import { reaper } from "../reaper.ts";
import { TaskValues } from "../task-values.ts";
import {
  combine,
  constant,
  currentTask,
  int,
  masked,
  match,
  member,
  shared,
  tracepointArg,
  uint,
  when,
} from "../values.ts";
import { kernelString } from "../writers.ts";
import { forkedChild, succeededExec } from "./process.ts";

/** An event that a tracepoint other than sys_exit produces. */
export interface TracepointFiller {
  readonly tracepoint: string;
  readonly event: EventId;
  /** Captured when one of these (names of the syscall table) is. */
  readonly wantedBy: readonly string[];
  readonly filler: Filler;
  /** Not every machine's kernel has it. */
  readonly mayBeMissing?: boolean;
  /** Not needed where a new task returns from clone(2). */
  readonly unlessChildReturns?: boolean;
}

/** sched_process_exit(task): the current task is ending. */
function procexit(): Filler {
  const status = shared(int(member(currentTask, "task_struct", "exit_code")));
  const signal = masked(status, 0x7f);
  return {
    exceptSelf: true,
    lesson: ENDS,
    params: {
      status,
      ret: (k) => {
        status(k);
        k.alu("shr", 8);
        k.alu("and", 0xff);
      },
      // 0x7f stands for "stopped", which an ending task isn't.
      sig: when(signal, "eq", 0x7f, constant(0), signal),
      core: when(masked(status, 0x80), "ne", 0, constant(1), constant(0)),
      reaper_tid: reaper(currentTask),
    },
  };
}

const SIGNAL = { hup: 1, int: 2, quit: 3, kill: 9, term: 15, chld: 17, tstp: 20, firstRealTime: 32 } as const;

/** signal_deliver(signal, struct kernel_siginfo *, action): the current thread is about to handle it. */
function signalDeliver(): Filler {
  const signal = uint(tracepointArg(0));
  const info = (...paths: string[]): Value => member(tracepointArg(1), "kernel_siginfo", ...paths);
  const killer = int(info("_sifields._kill._pid"));
  // Positive codes are the kernel's own reasons, which no process stands behind.
  const sender = when(int(info("si_code")), "sle", 0, killer, constant(0));
  const { hup, int: interrupt, quit, kill, term, chld, tstp, firstRealTime } = SIGNAL;
  const others = when(signal, "ge", firstRealTime, int(info("_sifields._rt._pid")), constant(0));
  return {
    exceptSelf: true,
    params: {
      spid: match(
        signal,
        [
          [[kill], killer],
          [[term, hup, interrupt, tstp, quit], sender],
          [[chld], int(info("_sifields._sigchld._pid"))],
        ],
        others,
      ),
      dpid: (k) => {
        k.asm.call(HELPER.currentPidTgid);
        k.asm.alu32("mov", R0, R0);
      },
      sig: signal,
    },
  };
}

/** sched_switch(preempted, previous, next): the event is the previous thread's. */
function schedSwitch(): Filler {
  const previous = new TaskValues(tracepointArg(1));
  return {
    exceptSelf: true,
    nested: true,
    params: {
      next: new TaskValues(tracepointArg(2)).tid,
      pgft_maj: previous.majorFaults,
      pgft_min: previous.minorFaults,
      vm_size: previous.vmSize,
      vm_rss: previous.vmRss,
      vm_swap: previous.vmSwap,
    },
  };
}

/** Bits of the error code of x86's page faults, and what the record says where they are set and where not. */
const FAULT_BITS = [
  { bit: 1, set: 1, clear: 2 },
  { bit: 2, set: 4, clear: 8 },
  { bit: 4, set: 16, clear: 32 },
  { bit: 8, set: 64, clear: 0 },
  { bit: 16, set: 128, clear: 0 },
] as const;

/** page_fault_user and page_fault_kernel(address, registers, error code). */
function pageFault(): Filler {
  const code = tracepointArg(2);
  return {
    exceptSelf: true,
    nested: true,
    params: {
      addr: tracepointArg(0),
      ip: member(tracepointArg(1), "pt_regs", "ip", "pc"),
      error: FAULT_BITS.map(({ bit, set, clear }) =>
        when(masked(code, bit), "ne", 0, constant(set), constant(clear)),
      ).reduce((all, one) => combine("or", all, one)),
    },
  };
}

const pageFaults = (tracepoint: string): TracepointFiller => ({
  tracepoint,
  event: "PAGE_FAULT_E",
  wantedBy: [tracepoint],
  mayBeMissing: true,
  filler: pageFault(),
});

export const TRACEPOINT_FILLERS: readonly TracepointFiller[] = [
  {
    tracepoint: "sched_process_exit",
    event: "PROCEXIT_1_E",
    wantedBy: ["sched_process_exit"],
    filler: procexit(),
  },
  {
    // (task, old pid, struct linux_binprm *): runs for execveat too, and on machines where sys_exit doesn't see them.
    tracepoint: "sched_process_exec",
    event: "SYSCALL_EXECVE_19_X",
    wantedBy: ["execve", "execveat"],
    filler: succeededExec(
      int(tracepointArg(1)),
      kernelString(member(tracepointArg(2), "linux_binprm", "filename")),
    ),
  },
  {
    tracepoint: "signal_deliver",
    event: "SIGNALDELIVER_E",
    wantedBy: ["signal_deliver"],
    filler: signalDeliver(),
  },
  { tracepoint: "sched_switch", event: "SCHEDSWITCH_6_E", wantedBy: ["sched_switch"], filler: schedSwitch() },
  pageFaults("page_fault_user"),
  pageFaults("page_fault_kernel"),
  {
    tracepoint: "sched_process_fork",
    event: "SYSCALL_CLONE_20_X",
    wantedBy: ["clone", "clone3", "fork", "vfork"],
    unlessChildReturns: true,
    filler: forkedChild(tracepointArg(0), tracepointArg(1)),
  },
];
