import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const MOUNTS = "/sys/fs/cgroup";
const PROCS = "cgroup.procs";
const PASSED_ON = "cgroup.subtree_control";

/** A hierarchy whose groups records show: one of version 1 with a recorded controller, or version 2 if it passes one on. */
export function hierarchyOf(): string | undefined {
  const first = ["cpu", "cpu,cpuacct", "memory"].map((name) => join(MOUNTS, name));
  const found = first.find((path) => existsSync(join(path, PROCS)));
  if (found || !existsSync(join(MOUNTS, PROCS))) return found;
  try {
    writeFileSync(join(MOUNTS, PASSED_ON), "+cpu");
    return MOUNTS;
  } catch {
    return undefined;
  }
}

/** Makes a group, and what is above it. */
export function makeGroup(path: string): void {
  const above = dirname(path);
  mkdirSync(above, { recursive: true });
  // In version 2 a group has its own of a controller only if the one above passes it on.
  const passes = join(above, PASSED_ON);
  if (existsSync(passes)) writeFileSync(passes, "+cpu");
  mkdirSync(path, { recursive: true });
}

/** Removes a group and the one above it, if they are empty. */
export function removeGroup(path: string): void {
  for (const one of [path, dirname(path)]) {
    try {
      rmdirSync(one);
    } catch {
      // Somebody else's is in it.
      return;
    }
  }
}

export const enterGroup = (path: string, pid: number): void => writeFileSync(join(path, PROCS), String(pid));

/** Takes a process to the root of all hierarchies. */
export function leaveGroups(pid: number): void {
  const mounts = [MOUNTS, ...readdirSync(MOUNTS).map((name) => join(MOUNTS, name))];
  for (const mount of mounts)
    if (existsSync(join(mount, PROCS)) && !existsSync(join(mount, "cgroup.type"))) enterGroup(mount, pid);
}
