import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/**
 * The notices that the licences of what the binary contains ask for: every npm package that is bundled with
 * its licence text, Bun, and the GNU C library with the text of the LGPL.
 */
export function notices(root: string): string {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  const packages = Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && existsSync(join(root, path)))
    .map(([path, entry]) => packageNotice(root, path, entry));
  const lgpl = readFileSync(join(root, "tests/build/licenses/lgpl-2.1.txt"), "utf8");
  return [OWN, ...packages, lgpl].join(`\n${"-".repeat(80)}\n\n`);
}

const OWN = `falco is licensed under the Apache License, Version 2.0.

The binary contains the following works of others.

Bun (https://bun.com), MIT. It links JavaScriptCore and other parts of WebKit, licensed under the GNU LGPL
version 2, statically; their source, and how to rebuild Bun with a changed version, is at
https://github.com/oven-sh/bun and https://github.com/oven-sh/WebKit. Its page on licences names the rest.

The GNU C Library (https://www.gnu.org/software/libc), GNU LGPL version 2.1 or later: the files ld.so,
libc.so.6 and libm.so.6 of the machine the binary was built on lie in it unchanged. To use falco with a
changed version of them, install that version and build again: "npm run build" takes the files that the
machine uses. Their source is at https://sourceware.org/git/glibc.git and, for Debian, in the package glibc.
The text of that licence stands at the end.
`;

function packageNotice(root: string, path: string, entry: LockedPackage): string {
  const directory = join(root, path);
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(directory, file), "utf8").trim());
  return [`${name} ${entry.version ?? ""}, ${entry.license ?? "see below"}`, ...texts, ""].join("\n\n");
}
