import { join, resolve } from "node:path";

const SOURCES = join(resolve(import.meta.dir, ".."), "e2e/plugin");
const compiler = Bun.which("cc");

/** Why plugins can't be made here, behind a test's title; undefined when they can. */
export const NO_COMPILER = compiler ? undefined : "there is no C compiler (apt-get install -y gcc)";

/** Makes a plugin of the tests, `NAME.c`, into a shared object; returns its path. */
export function compilePlugin(name: string, directory: string, defines: readonly string[] = []): string {
  const path = join(directory, `lib${name}${defines.join("")}.so`.replaceAll(/[^\w./-]/g, "_"));
  const words = ["-shared", "-fPIC", "-O1", "-fvisibility=hidden", "-Wno-format", "-pthread"];
  const child = Bun.spawnSync([
    compiler!,
    ...words,
    ...defines.map((define) => `-D${define}`),
    "-o",
    path,
    join(SOURCES, `${name}.c`),
  ]);
  if (child.exitCode !== 0) throw new Error(child.stderr.toString());
  return path;
}
