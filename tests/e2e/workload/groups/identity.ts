import { ints } from "../calls.ts";
import { BAD_FD, run } from "../expectations.ts";

export function identity(): void {
  run("setuid", [0], { uid: 0 });
  run("setgid", [0], { gid: 0 });
  run("setreuid", [0, 0], { ruid: 0, euid: 0 });
  run("setregid", [0, 0], { rgid: 0, egid: 0 });
  run("setresuid", [0, 0, 0], { ruid: 0, euid: 0, suid: 0 });
  run("setresgid", [0, 0, 0], { rgid: 0, egid: 0, sgid: 0 });
  run("getuid", [], {}, "uid");
  run("geteuid", [], {}, "euid");
  run("getgid", [], {}, "gid");
  run("getegid", [], {}, "egid");
  run("getresuid", [ints(0), ints(0), ints(0)], { ruid: 0, euid: 0, suid: 0 });
  run("getresgid", [ints(0), ints(0), ints(0)], { rgid: 0, egid: 0, sgid: 0 });
  run("capset", [0, 0]);
  run("setsid", []);
  run("setpgid", [0, 0], { pid: 0, pgid: 0 });
  run("unshare", [0x200], { flags: 2 });
  run("setns", [BAD_FD, 0x2000_0000], { fd: BAD_FD });
  run("prctl", [37, ints(0)], { option: 37, arg2_int: 0 });
  run("ptrace", [16, 0x3ff_ffff, 0, 0], { pid: 0x3ff_ffff });
}
