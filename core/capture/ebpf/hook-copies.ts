import { statSync } from "node:fs";
import { FalcoError } from "../../errors.ts";
import { libc } from "../../ffi/libc.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { attachRawTracepoint, attachToFunction, loadProgram } from "./bpf.ts";
import { addressesProgram, findNamesProgram, namesProgram, stringsProgram } from "./copy-hooks.ts";
import { createCopyMaps, type KernelCopies } from "./kernel-copies.ts";
import type { Target } from "./target.ts";

type Hook = "paths" | "strings" | "addresses";

/** What came of the hooks. */
export interface Hooked {
  /** Absent where there is none. */
  readonly copies?: KernelCopies;
  /** Which hooks this kernel doesn't have or doesn't allow, and why; events then have what the caller's memory says. */
  readonly missing: Readonly<Partial<Record<Hook, string>>>;
}

/**
 * Attaches what keeps the kernel's own copies of path names and socket addresses, as far as this kernel lets it: nothing of it is necessary.
 * `keep` is given each descriptor, `namesCache` the interest map's word of that name.
 */
export function hookCopies(target: Target, keep: (fd: number) => number, namesCache: () => bigint): Hooked {
  const missing: Partial<Record<Hook, string>> = {};
  const tried = (hook: Hook, attach: () => number): boolean => {
    const reason = refusal(() => keep(attach()));
    if (reason !== undefined) missing[hook] = reason;
    return reason === undefined;
  };
  let maps: ReturnType<typeof createCopyMaps> | undefined;
  const noMaps = refusal(() => {
    maps = createCopyMaps(keep);
  });
  if (!maps) return { missing: { paths: noMaps!, strings: noMaps!, addresses: noMaps! } };
  const { own, more } = maps;
  const hooks = {
    paths: tried("paths", () => hookNames(target, { own, more }, namesCache)),
    strings: tried("strings", () =>
      hookFunction(target, "strndup_user", stringsProgram(target, { own, more })),
    ),
    addresses: tried("addresses", () =>
      hookFunction(target, "move_addr_to_kernel", addressesProgram(target, { own, more })),
    ),
  };
  const any = hooks.paths || hooks.strings || hooks.addresses;
  return { ...(any ? { copies: { own, more, ...hooks } } : {}), missing };
}

const TEXTS: Readonly<Record<Hook, string>> = {
  paths: "path names",
  strings: "other texts",
  addresses: "socket addresses",
};

/** The same in a line for people. */
export function describeHooks({ copies, missing }: Hooked): string {
  const hooks = Object.keys(TEXTS) as Hook[];
  const taken = hooks.filter((hook) => copies?.[hook]).map((hook) => TEXTS[hook]);
  const others = hooks
    .filter((hook) => missing[hook] !== undefined)
    .map((hook) => `${TEXTS[hook]} (${missing[hook]})`);
  const read = others.length > 0 ? `; read from the caller's memory: ${others.join(", ")}` : "";
  return `Taken as the kernel copied them: ${taken.join(", ") || "none"}${read}`;
}

/** Why the kernel does not allow it, undefined where it does. Mistakes of ours are thrown on. */
function refusal(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof FalcoError || error instanceof SystemError) return error.message;
    throw error;
  }
}

function hookFunction(target: Target, name: string, code: Buffer): number {
  const type = target.btf.findFunction(name);
  if (type === undefined)
    throw new FalcoError("EBPF_UNSUPPORTED", `Cannot watch "${name}": this kernel has no such function`);
  return closing(loadProgram(name, code, type), (program) => attachToFunction(name, program));
}

function hookNames(
  target: Target,
  maps: Pick<KernelCopies, "own" | "more">,
  namesCache: () => bigint,
): number {
  const tracepoint = "kmem_cache_free";
  const attach = (code: Buffer): number =>
    closing(loadProgram(tracepoint, code), (program) => attachRawTracepoint(tracepoint, program));
  closing(attach(findNamesProgram(target)), () => statSync("/"));
  const cache = namesCache();
  if (cache !== 0n) return attach(namesProgram(target, maps, cache));
  throw new FalcoError(
    "EBPF_UNSUPPORTED",
    "Cannot watch path names: this kernel does not keep them in a cache of their own",
  );
}

/** What `use` makes of a descriptor, which is closed then: an attachment outlives that of its program. */
function closing<T>(descriptor: number, use: (descriptor: number) => T): T {
  try {
    return use(descriptor);
  } finally {
    libc().close(descriptor);
  }
}
