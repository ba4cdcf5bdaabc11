import { run } from "../expectations.ts";

export function memoryCalls(): void {
  const PAGE = 4096;
  run("brk", [0], { addr: 0 });
  const area = run("mmap", [0, PAGE, 3, 0x22, -1, 0], {
    length: PAGE,
    prot: 3,
    flags: 2 | 8,
    fd: -1,
    offset: 0,
  });
  run("mprotect", [area, PAGE, 1], { addr: area, length: PAGE, prot: 1 });
  run("mlock", [area, PAGE], { addr: area, len: PAGE });
  run("mlock2", [area, PAGE, 1], { addr: area, len: PAGE, flags: 1 });
  run("munlock", [area, PAGE], { addr: area, len: PAGE });
  run("munmap", [area, PAGE], { addr: area, length: PAGE });
  run("mlockall", [8], { flags: 0 });
  run("munlockall", []);
}
