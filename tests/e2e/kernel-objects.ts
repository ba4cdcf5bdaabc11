import { ptr } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { libc } from "../../core/ffi/libc.ts";

const BPF = process.arch === "arm64" ? 280 : 321;
/** Commands of bpf(2) that open an object by its id. */
const OPEN = { prog_id: 13, map_id: 14 } as const;
const ATTR_SIZE = 128;

export interface KernelObject {
  readonly kind: keyof typeof OPEN;
  readonly id: number;
}

/** Programs and maps of eBPF that a process holds descriptors of. */
export function kernelObjectsOf(pid: number): KernelObject[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    let info: string;
    try {
      info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1");
    } catch {
      return [];
    }
    return Array.from(info.matchAll(/^(prog_id|map_id):\s*(\d+)$/gm), ([, kind, id]) => ({
      kind: kind as KernelObject["kind"],
      id: Number(id),
    }));
  });
}

/** Whether the kernel still has it, whoever holds it. */
export function inKernel({ kind, id }: KernelObject): boolean {
  const attributes = Buffer.alloc(ATTR_SIZE);
  attributes.writeUInt32LE(id);
  const fd = Number(libc().syscall(BPF, OPEN[kind], ptr(attributes), ATTR_SIZE, 0, 0, 0));
  if (fd >= 0) libc().close(fd);
  return fd >= 0;
}
