import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./targets.ts";

/** The files of the GNU C library that a program needs to run. */
export interface Glibc {
  readonly loader: string;
  readonly libraries: readonly string[];
}

const LOADER: Readonly<Record<Target["arch"], string>> = {
  x64: "ld-linux-x86-64.so.2",
  arm64: "ld-linux-aarch64.so.1",
};
const LIBRARIES = ["libc.so.6", "libm.so.6"] as const;

/**
 * Finds the C library to carry inside the binary: for this machine the files that the running process has
 * mapped, for another the Debian cross package. A string is the reason why there is none to carry.
 */
export function findGlibc(target: Target, native: Target, maps: string): Glibc | string {
  if (target.libc !== "glibc") return "musl programs load the C library of the machine they run on";
  const names = [LOADER[target.arch], ...LIBRARIES];
  const paths = target.name === native.name ? mapped(maps, names) : crossed(target, names);
  if (typeof paths === "string") return paths;
  const [loader, ...libraries] = paths;
  if (!readFileSync(libraries[0]!).includes("GLIBC_2.34\0"))
    return "the C library here is older than glibc 2.34";
  return { loader: loader!, libraries };
}

function mapped(maps: string, names: readonly string[]): string[] | string {
  const files = new Set(maps.split("\n").flatMap((line) => line.match(/\/.*$/)?.[0] ?? []));
  const found = names.map((name) => [...files].find((file) => file.endsWith(`/${name}`)));
  const missing = names.find((_, i) => found[i] === undefined);
  return missing ? `${missing} is not among the files this process has mapped` : (found as string[]);
}

function crossed(target: Target, names: readonly string[]): string[] | string {
  const { directory, package: from } = target.cross!;
  const paths = names.map((name) => join(directory, name));
  const missing = paths.find((path) => !existsSync(path));
  return missing ? `${missing} is not there (Debian: apt-get install ${from})` : paths;
}
