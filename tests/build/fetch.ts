import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bunExecutable } from "./bun-executable.ts";
import { findTarget, nativeTarget } from "./targets.ts";

/** `bun tests/build/fetch.ts TARGET`: Bun's executable for a target, without building for it. Prints where it is. */
const native = nativeTarget(readFileSync("/proc/self/maps", "utf8"));
const cache = join(resolve(import.meta.dir, "../.."), "node_modules/.cache/falco-build");
console.log(await bunExecutable(findTarget(process.argv[2] ?? ""), native, cache));
