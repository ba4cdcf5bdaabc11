import { learnsUser } from "../lessons.ts";
import type { FillerSet } from "../program.ts";
import { TaskValues } from "../task-values.ts";
import { arg, currentTask, result, userRead } from "../values.ts";

/** User and group ids, and capabilities. */
export function identityFillers(): FillerSet {
  const task = new TaskValues(currentTask);
  const pointed = (index: number) => userRead(arg(index), 0, 4);
  return {
    SYSCALL_SETUID_X: { params: { res: result, uid: arg(0) }, lesson: learnsUser(result, arg(0)) },
    SYSCALL_SETGID_X: { params: { res: result, gid: arg(0) } },
    SYSCALL_SETREUID_X: {
      params: { res: result, ruid: arg(0), euid: arg(1) },
      lesson: learnsUser(result, arg(1)),
    },
    SYSCALL_SETREGID_X: { params: { res: result, rgid: arg(0), egid: arg(1) } },
    SYSCALL_SETRESUID_X: {
      params: { res: result, ruid: arg(0), euid: arg(1), suid: arg(2) },
      lesson: learnsUser(result, arg(1)),
    },
    SYSCALL_SETRESGID_X: { params: { res: result, rgid: arg(0), egid: arg(1), sgid: arg(2) } },
    SYSCALL_GETUID_X: { params: { uid: result } },
    SYSCALL_GETEUID_X: { params: { euid: result } },
    SYSCALL_GETGID_X: { params: { gid: result } },
    SYSCALL_GETEGID_X: { params: { egid: result } },
    SYSCALL_GETRESUID_X: { params: { res: result, ruid: pointed(0), euid: pointed(1), suid: pointed(2) } },
    SYSCALL_GETRESGID_X: { params: { res: result, rgid: pointed(0), egid: pointed(1), sgid: pointed(2) } },
    SYSCALL_CAPSET_X: {
      params: {
        res: result,
        cap_inheritable: task.capability("cap_inheritable"),
        cap_permitted: task.capability("cap_permitted"),
        cap_effective: task.capability("cap_effective"),
      },
    },
  };
}
