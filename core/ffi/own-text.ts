import { readFileSync, readlinkSync } from "node:fs";
import { stopFaultAround } from "./fault-around.ts";
import { libc } from "./libc.ts";

const MADV_DONTNEED = 4;

interface Mapping {
  readonly start: number;
  readonly length: number;
}

/** Parts of this program's own file in memory that can't be written to and never were (the loader writes into some before it protects them). */
function ownText(): Mapping[] {
  const self = readlinkSync("/proc/self/exe");
  return readFileSync("/proc/self/smaps", "latin1")
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .flatMap((mapping) => {
      const [, from, to, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \d+ +(.*)$/m.exec(mapping) ?? [];
      if (path !== self || from === undefined || to === undefined) return [];
      if (!/^Anonymous: +0 kB$/m.test(mapping)) return [];
      const start = Number.parseInt(from, 16);
      return [{ start, length: Number.parseInt(to, 16) - start }];
    });
}

/**
 * Lets go of the pages of this program's own file that start-up needed: what is needed again comes back from the page cache, a few
 * microseconds a page, so nothing is lost.
 */
export function releaseOwnText(): void {
  // Whether the kernel does it makes no other difference.
  for (const { start, length } of ownText()) libc().madvise(start, length, MADV_DONTNEED);
}

/** The same; and from now on only those pages come back that are needed, where the kernel lets us choose. */
export function mapOwnTextSparingly(): void {
  for (const { start, length } of ownText()) {
    stopFaultAround(start, length);
    libc().madvise(start, length, MADV_DONTNEED);
  }
}
