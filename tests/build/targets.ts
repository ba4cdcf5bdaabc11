import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";

/** A machine the binary can be built for. */
export interface Target {
  readonly name: string;
  /** The npm package that holds Bun's executable for it. */
  readonly package: string;
  readonly arch: "x64" | "arm64";
  /** The name containers use for the architecture. */
  readonly oci: "amd64" | "arm64";
  readonly libc: "glibc" | "musl";
  /** Where a Debian machine of another architecture keeps this one's C library, and the package it comes from. */
  readonly cross?: { readonly directory: string; readonly package: string };
}

const TARGETS: readonly Target[] = [
  {
    name: "linux-x64",
    package: "@oven/bun-linux-x64",
    arch: "x64",
    oci: "amd64",
    libc: "glibc",
    cross: { directory: "/usr/x86_64-linux-gnu/lib", package: "libc6-amd64-cross" },
  },
  {
    name: "linux-arm64",
    package: "@oven/bun-linux-aarch64",
    arch: "arm64",
    oci: "arm64",
    libc: "glibc",
    cross: { directory: "/usr/aarch64-linux-gnu/lib", package: "libc6-arm64-cross" },
  },
  { name: "linux-x64-musl", package: "@oven/bun-linux-x64-musl", arch: "x64", oci: "amd64", libc: "musl" },
  {
    name: "linux-arm64-musl",
    package: "@oven/bun-linux-aarch64-musl",
    arch: "arm64",
    oci: "arm64",
    libc: "musl",
  },
];

/** The machine this runs on: its C library is musl where the running process has no GNU loader mapped. */
export function nativeTarget(maps: string, arch: string = process.arch): Target {
  return findTarget(`linux-${arch}${/\/ld-musl-/.test(maps) ? "-musl" : ""}`);
}

/** Looks a target up by name; `bun-linux-arm64`, `arm64` and `x64-musl` are understood as well. */
export function findTarget(name: string): Target {
  const plain = `linux-${name.replace(/^bun-/, "").replace(/^linux-/, "")}`;
  const found = TARGETS.find((target) => target.name === plain);
  if (found) return found;
  const names = TARGETS.map((target) => target.name);
  const near = nearest(plain, names);
  throw new FalcoError("BUILD_TARGET", `Cannot build for "${name}": there is no such target`, {
    hint: near ? `did you mean "${near}"?` : `use one of ${names.join(", ")}`,
  });
}
