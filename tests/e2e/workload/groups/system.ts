import { ints, memory, numberOf, text } from "../calls.ts";
import { BAD_FD, expectEvent, hex, run, wordsOf } from "../expectations.ts";

export function system(): void {
  const limits = Buffer.alloc(16);
  run("getrlimit", [7, memory(limits)], { resource: 7 });
  const cur = Number(limits.readBigInt64LE(0));
  expectEvent("SYSCALL_GETRLIMIT_X", { cur, max: Number(limits.readBigInt64LE(8)) });
  run("setrlimit", [7, memory(limits)], { res: 0, cur, resource: 7 });
  run("prlimit64", [0, 7, 0, memory(Buffer.alloc(16))], {
    res: 0,
    oldcur: cur,
    newcur: 0,
    pid: 0,
    resource: 7,
  });
  run("bpf", [99, 0, 0], { cmd: 99 }, "fd");
  run("seccomp", [2, 0, ints(0x7fff_0000)], { op: 2, flags: 0 });
  const image = "not a module";
  run("init_module", [memory(Buffer.from(image)), image.length, text("a=1")], {
    img: hex(image),
    length: image.length,
    uargs: "a=1",
  });
  run("finit_module", [BAD_FD, text("b=2"), 1], { fd: BAD_FD, uargs: "b=2", flags: 1 });
  run("delete_module", [text("no_such_module"), 0o4000], { name: "no_such_module", flags: 2 });
  const dyn = (value: number): string => `hex:00${wordsOf(value).toString("hex")}`;
  run("keyctl", [0, -3, 0], { operation: 0, arg2: dyn(-3), arg3: dyn(0), arg4: dyn(0), arg5: dyn(0) });
  run("keyctl", [10, 1, text("user"), text("name"), 2], {
    operation: 10,
    arg2: dyn(1),
    arg3: `hex:01${Buffer.from("user\0").toString("hex")}`,
    arg5: dyn(2),
  });
  run("getpid", [], { nativeID: numberOf("getpid") }, "");
  run("sched_yield", [], { nativeID: numberOf("sched_yield") }, "");
}
