import { expect, test } from "bun:test";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { ARCHITECTURES } from "../ebpf/architecture.ts";
import { syscallFillers as probeFillers } from "../ebpf/fillers/all.ts";
import type { EventId } from "../ebpf/program.ts";
import { recipe } from "./filler.ts";
import { syscallFillers } from "./fillers/all.ts";
import { CLONE_FLAGS } from "./fillers/process.ts";

const fillers = syscallFillers(80);

test("recipe() takes every filler of the table, its parameters in the table's order", () => {
  for (const [id, filler] of Object.entries(fillers)) {
    const { code, reads } = recipe(id as EventId, filler);
    expect(reads.length).toBe(EVENTS[code]!.params.length);
  }
  const open = fillers.SYSCALL_OPENAT_2_X!;
  expect(recipe("SYSCALL_OPENAT_2_X", open).reads).toEqual(
    EVENTS[EVENT.SYSCALL_OPENAT_2_X]!.params.map(({ name }) => open[name]!),
  );
});

test("recipe() refuses a filler that lacks a parameter or has one too many", () => {
  const { fd, ...rest } = fillers.SYSCALL_CLOSE_X!;
  expect(() => recipe("SYSCALL_CLOSE_X", rest)).toThrow("SYSCALL_CLOSE_X: the filler lacks fd");
  expect(() => recipe("SYSCALL_CLOSE_X", { ...rest, fd: fd!, path: fd! })).toThrow("the event has no path");
});

test("every event of the probe's system calls is made under ptrace too", () => {
  const made = new Set([
    ...Object.keys(fillers),
    ...Object.keys(CLONE_FLAGS),
    "SYSCALL_EXECVE_19_X",
    "SYSCALL_EXECVEAT_X",
  ]);
  const missing = Object.keys(probeFillers(ARCHITECTURES[process.arch]!)).filter((id) => !made.has(id));
  expect(missing).toEqual([]);
});
