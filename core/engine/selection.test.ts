import { expect, test } from "bun:test";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { selectionWarnings, selectSyscalls, syscallNames, syscallsOfEvents } from "./selection.ts";

const NONE = { custom_set: [], repair: false, all: false };
const names = (
  rules: readonly number[],
  base: typeof NONE | { custom_set: string[]; repair: boolean; all: boolean },
) => syscallNames(selectSyscalls(syscallsOfEvents(rules), base).codes);

// The state set of the reference, by name (its documentation lists 70).
const STATE =
  "accept accept4 bind capset chdir chroot clone clone3 close close_range connect creat dup dup2 dup3 epoll_create epoll_create1 eventfd eventfd2 execve execveat fchdir fcntl fcntl64 fork getsockopt inotify_init inotify_init1 io_uring_setup memfd_create mount open open_by_handle_at openat openat2 pidfd_getfd pidfd_open pipe pipe2 prctl prlimit64 recvfrom recvmmsg recvmsg sched_process_exit sendmmsg sendmsg sendto setgid setgid32 setregid setresgid setresgid32 setresuid setresuid32 setreuid setrlimit setsid setuid setuid32 shutdown signalfd signalfd4 socket socketpair timerfd_create umount umount2 userfaultfd vfork".split(
    " ",
  );

test("selectSyscalls watches the state set without rules", () => {
  expect(names([], NONE).sort()).toEqual(STATE);
});

test("selectSyscalls leaves reading and writing out unless asked for", () => {
  expect(names([EVENT.SYSCALL_WRITE_X], NONE)).not.toContain("write");
  expect(names([EVENT.SYSCALL_WRITE_X], { ...NONE, all: true })).toContain("write");
});

test("selectSyscalls takes a custom set instead of the state set, and takes names out", () => {
  const custom = names([EVENT.SYSCALL_CHMOD_X], { ...NONE, custom_set: ["openat", "!chmod"] });
  expect(custom.sort()).toEqual(["openat", "sched_process_exit"]);
});

test("selectSyscalls repairs a selection of rules with what state needs for it", () => {
  const repaired = names([EVENT.SOCKET_LISTEN_X], { ...NONE, repair: true });
  expect(repaired).toEqual(expect.arrayContaining(["listen", "socket", "bind", "close", "clone", "execve"]));
  expect(repaired).not.toContain("memfd_create");
});

test("syscallsOfEvents finds tracepoints behind their events, and those that come in crowds only for rules that mean them", () => {
  const of = (events: readonly number[], rules?: readonly number[][]) =>
    syscallNames(
      syscallsOfEvents(
        events,
        rules?.map((codes) => ({ codes })),
      ),
    ).sort();
  expect(of([EVENT.SIGNALDELIVER_E, EVENT.PROCEXIT_1_E])).toEqual(["sched_process_exit", "signal_deliver"]);
  expect(of([EVENT.SCHEDSWITCH_6_E])).toEqual(["sched_switch"]);
  expect(of([EVENT.PAGE_FAULT_E])).toEqual(["page_fault_kernel", "page_fault_user"]);
  const everything = EVENTS.map(({ code }) => code);
  const crowded = ["page_fault_kernel", "page_fault_user", "sched_switch"];
  expect(of(everything).filter((name) => crowded.includes(name))).toEqual([]);
  expect(of(everything)).toContain("signal_deliver");
  const named = [everything, [EVENT.SCHEDSWITCH_6_E]];
  expect(of(everything, named).filter((name) => crowded.includes(name))).toEqual(["sched_switch"]);
});

test("selectSyscalls takes names of tracepoints' events", () => {
  const custom = names([], { ...NONE, custom_set: ["signaldeliver", "switch"] });
  expect(custom.sort()).toEqual(["sched_process_exit", "sched_switch", "signal_deliver"]);
});

test("selectSyscalls names what it does not know", () => {
  expect(selectSyscalls(new Set(), { ...NONE, custom_set: ["opennat", "!clse"] }).unknown).toEqual([
    "opennat",
    "clse",
  ]);
});

test("selectionWarnings tells what rules match and is not watched, and names that nothing has", () => {
  const rules = syscallsOfEvents([EVENT.SYSCALL_PREAD_X, EVENT.SYSCALL_READ_X, EVENT.SYSCALL_CHMOD_X]);
  const warnings = (base: typeof NONE | { custom_set: string[]; repair: boolean; all: boolean }) =>
    selectionWarnings(rules, selectSyscalls(rules, base));
  expect(warnings({ ...NONE, all: true })).toEqual([]);
  expect(warnings(NONE)).toEqual([expect.stringContaining("(unsupported-evttype): pread, read.")]);
  expect(warnings({ ...NONE, all: true, custom_set: ["opennat", "!chmod"] })).toEqual([
    "Invalid syscall names: warning (base_syscalls override): opennat",
    expect.stringContaining("(unsupported-evttype): chmod."),
  ]);
});
