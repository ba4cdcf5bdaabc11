import { expect, test } from "bun:test";
import { EVENT } from "./event-codes.ts";
import { EF } from "./event-row.ts";
import { EVENTS } from "./events.ts";
import { SYSCALLS } from "./syscalls.ts";

test("EVENTS has every code at its own index", () => {
  expect(EVENTS.map((e) => e.code)).toEqual([...EVENTS.keys()]);
  for (const e of EVENTS) expect(EVENT[e.id as keyof typeof EVENT]).toBe(e.code as never);
});

test("EVENTS resolves flag tables, variants and directory parameters", () => {
  const openat = EVENTS[EVENT.SYSCALL_OPENAT_2_X]!;
  expect(openat.params.map((p) => p.name).slice(0, 4)).toEqual(["fd", "dirfd", "name", "flags"]);
  expect(openat.params[2]!.dirfd).toBe(1);
  expect(openat.params[3]!.flagsName).toBe("file_flags");
  expect(openat.flags & EF.CREATES_FD).toBe(EF.CREATES_FD);
  for (const e of EVENTS) {
    for (const p of e.params) {
      if (/^(FLAGS|ENUMFLAGS|MODE)/.test(p.type)) expect(p.flags, `${e.id}.${p.name}`).toBeDefined();
      if (p.type === "DYN") expect(p.dyn, `${e.id}.${p.name}`).toBeDefined();
    }
  }
});

test("SYSCALLS names the events they produce", () => {
  for (const s of SYSCALLS) {
    if (s.exit) expect(EVENT[s.exit as keyof typeof EVENT], s.name).toBeDefined();
  }
  expect(SYSCALLS.find((s) => s.name === "openat")).toMatchObject({ x86_64: 257, aarch64: 56 });
});
