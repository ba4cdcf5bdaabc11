import { ptr } from "bun:ffi";
import { libc } from "../../core/ffi/libc.ts";

const BPF = process.arch === "arm64" ? 280 : 321;
const MAP_GET_NEXT_ID = 12;
const MAP_GET_FD_BY_ID = 14;
const OBJ_GET_INFO_BY_FD = 15;
const ATTR_SIZE = 128;
/** struct bpf_map_info: the name follows six numbers of four bytes. */
const INFO = { size: 128, name: 24, nameLength: 16 } as const;

function bpf(
  command: number,
  fill: (view: DataView) => void,
): { readonly result: number; readonly view: DataView } {
  const bytes = Buffer.alloc(ATTR_SIZE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, ATTR_SIZE);
  fill(view);
  return { result: Number(libc().syscall(BPF, command, ptr(bytes), ATTR_SIZE, 0, 0, 0)), view };
}

function mapName(fd: number): string {
  const info = Buffer.alloc(INFO.size);
  bpf(OBJ_GET_INFO_BY_FD, (view) => {
    view.setUint32(0, fd, true);
    view.setUint32(4, INFO.size, true);
    view.setBigUint64(8, BigInt(ptr(info)), true);
  });
  return info.toString("latin1", INFO.name, INFO.name + INFO.nameLength).replace(/\0.*$/s, "");
}

/** How many maps with one of these names the kernel holds now, whichever process they belong to. */
export function countMaps(names: readonly string[]): number {
  let count = 0;
  let id = 0;
  for (;;) {
    const next = bpf(MAP_GET_NEXT_ID, (view) => view.setUint32(0, id, true));
    if (next.result < 0) return count;
    id = next.view.getUint32(4, true);
    const { result: fd } = bpf(MAP_GET_FD_BY_ID, (view) => view.setUint32(0, id, true));
    if (fd < 0) continue;
    if (names.includes(mapName(fd))) count++;
    libc().close(fd);
  }
}
