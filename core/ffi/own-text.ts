import { readFileSync, readlinkSync } from "node:fs";
import { libc } from "./libc.ts";

const MADV_DONTNEED = 4;

/**
 * Lets go of the pages of this program's own file that start-up needed: what is needed again comes back from the page cache, a few
 * microseconds a page. Only of mappings that can't be written to and never were (the loader writes into some before it protects
 * them), so nothing is lost.
 */
export function releaseOwnText(): void {
  const self = readlinkSync("/proc/self/exe");
  for (const mapping of readFileSync("/proc/self/smaps", "latin1").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, start, end, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \d+ +(.*)$/m.exec(mapping) ?? [];
    if (path !== self || start === undefined || end === undefined) continue;
    if (!/^Anonymous: +0 kB$/m.test(mapping)) continue;
    const address = Number.parseInt(start, 16);
    // Whether the kernel does it makes no other difference.
    libc().madvise(address, Number.parseInt(end, 16) - address, MADV_DONTNEED);
  }
}
