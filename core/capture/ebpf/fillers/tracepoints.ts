import type { Value } from "../emitter.ts";
import type { EventId, Filler } from "../program.ts";
import { reaper } from "../reaper.ts";
import { constant, currentTask, int, member, shared, tracepointArg, when } from "../values.ts";
import { kernelString } from "../writers.ts";
import { succeededExec } from "./process.ts";

/** An event that a tracepoint other than sys_exit produces. */
export interface TracepointFiller {
  readonly tracepoint: string;
  readonly event: EventId;
  /** Captured when one of these (names of the syscall table) is. */
  readonly wantedBy: readonly string[];
  readonly filler: Filler;
}

function masked(value: Value, mask: number): Value {
  return (k) => {
    value(k);
    k.alu("and", mask);
  };
}

/** sched_process_exit(task): the current task is ending. */
function procexit(): Filler {
  const status = shared(int(member(currentTask, "task_struct", "exit_code")));
  const signal = masked(status, 0x7f);
  return {
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
    filler: succeededExec(kernelString(member(tracepointArg(2), "linux_binprm", "filename"))),
  },
];
