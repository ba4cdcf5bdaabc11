import type { ContainerMatch } from "./cgroup.ts";
import type { Container } from "./container.ts";

/** A process above a container's first one, as far as it tells of the container. */
export interface Ancestor {
  readonly comm: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

/** Finds what a container's runtime tells of it that is not `known` yet; `ancestors` are above its process, nearest first. */
export type FindContainer = (
  match: ContainerMatch,
  known: Container | undefined,
  ancestors: Iterable<Ancestor>,
) => Container | undefined;

/** What the process that watches over a container says of it by its very command line. */
export interface Monitor {
  /** Directory of the OCI bundle, without a slash at its end. */
  readonly bundle: string;
  /** Empty when it doesn't tell. */
  readonly name: string;
}

const SHIM = "containerd-shim";

/**
 * The monitor of a container among the ancestors of its process: conmon (podman, CRI-O) is told the bundle and
 * the name, and a shim of containerd works in the bundle's directory. Wherever a runtime keeps its files, and
 * whoever runs it, this leads to them, and it is there before the container's first program.
 */
export function monitorOf(fullId: string, ancestors: Iterable<Ancestor>): Monitor | undefined {
  for (const { comm, args, cwd } of ancestors) {
    if (comm === "conmon" && option(args, "-c") === fullId) {
      const bundle = option(args, "-b");
      if (bundle.startsWith("/")) return { bundle, name: option(args, "-n") };
    } else if (comm.startsWith(SHIM) && cwd.endsWith(`/${fullId}/`)) {
      return { bundle: cwd.slice(0, -1), name: "" };
    }
  }
  return undefined;
}

/** The word after an option; empty when there is none. */
const option = (args: readonly string[], name: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? "" : (args[at + 1] ?? "");
};
