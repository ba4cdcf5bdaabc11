import { memory, text, words } from "../calls.ts";
import { BAD_FD, O_CLOEXEC, pid, run } from "../expectations.ts";

export function descriptors(): void {
  const NONBLOCK = 0o4000;
  run("eventfd", [3], { initval: 3, flags: 0 });
  run("eventfd2", [4, NONBLOCK], { initval: 4, flags: 64 });
  run("signalfd", [-1, words(0), 8], { fd: -1, mask: 0, flags: 0 });
  run("signalfd4", [-1, words(0), 8, NONBLOCK], { fd: -1, flags: 64 });
  run("timerfd_create", [1, 0], { clockid: 1, flags: 0 });
  run("inotify_init", [], { flags: 0 });
  run("inotify_init1", [NONBLOCK], { flags: 64 });
  run("epoll_create", [7], { size: 7 });
  const epoll = run("epoll_create1", [O_CLOEXEC], { flags: 1 });
  run("epoll_wait", [epoll, memory(Buffer.alloc(64)), 3, 0], { res: 0, maxevents: 3 });
  run("memfd_create", [text("memory"), 1], { name: "memory", flags: 1 }, "fd");
  run("pidfd_open", [pid, 0], { pid, flags: 0 }, "fd");
  run("pidfd_getfd", [BAD_FD, 1, 0], { pid_fd: BAD_FD, target_fd: 1, flags: 0 }, "fd");
  run("userfaultfd", [1], { flags: 1 });
  const ring = run("io_uring_setup", [4, memory(Buffer.alloc(120))], { entries: 4, flags: 0 });
  run("io_uring_enter", [ring, 0, 0, 0, 0], { fd: ring, to_submit: 0, min_complete: 0, flags: 0, sig: 0 });
  run("io_uring_register", [ring, 1, 0, 0], { fd: ring, opcode: 1, arg: 0, nr_args: 0 });
}
