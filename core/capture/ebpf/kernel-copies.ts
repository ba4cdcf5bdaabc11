import { type Label, R0, R1, R2, R3, R4, R7, type Reg } from "./assembler.ts";
import { createMap, loadTypes, MAP_TYPE } from "./bpf.ts";
import type { Emitter } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { INTEREST } from "./interest.ts";
import { mapTypes } from "./map-types.ts";
import { SCRATCH } from "./scratch.ts";

/** Texts kept of one call; none takes more that an event has room for. */
export const MAX_TEXTS = 4;
/** Longer ones go to the larger map. */
export const SHORT_TEXT = 256;
export const LONG_TEXT = 4096;
/** Addresses kept of one call: as many as it is recorded with messages. */
export const MAX_ADDRESSES = 16;
/** sizeof(struct sockaddr_storage) */
export const ADDRESS = 128;

/**
 * What is kept of the call that a task is in: the texts and socket addresses that the kernel has copied from the caller's memory, in the order
 * in which it did. Another thread can change that memory, but not these.
 *
 *   0                4         8             12            16               24                   88         96           256
 *   | generation u32 | texts   | addresses   | taken texts | taken addresses| 4 × pointer, length| length   | address 128  | 4 × text 256
 *
 * Hooks add to `texts` and `addresses` while the call runs. When it ends they become the taken ones, which its event is made of, and are 0 again: so
 * nothing is left that a later call could take for its own. What was kept before the set of traced calls last changed is of another
 * generation and void, since the call it belongs to may not have been seen to end.
 */
export const COPIES = {
  generation: 0,
  texts: 4,
  addresses: 8,
  takenTexts: 12,
  takenAddresses: 16,
  slots: 24,
  slotSize: 16,
  addressLength: 88,
  address: 96,
  text: 256,
  size: 256 + MAX_TEXTS * SHORT_TEXT,
} as const;

/** Of tasks that need it, long texts (each at its slot's place) and the second and further addresses, | length u64 | bytes 128 |. */
export const MORE = {
  text: 0,
  addresses: MAX_TEXTS * LONG_TEXT,
  addressSize: 8 + ADDRESS,
  size: MAX_TEXTS * LONG_TEXT + MAX_ADDRESSES * (8 + ADDRESS),
} as const;

/** Maps of the copies, and which hooks fill them. */
export interface KernelCopies {
  readonly own: number;
  readonly more: number;
  /** Path names: by the tracepoint where the kernel frees them. */
  readonly paths: boolean;
  /** Other texts: of mount, fsconfig, keyctl, modules. */
  readonly strings: boolean;
  readonly addresses: boolean;
}

const NO_PREALLOCATION = 1;

/** Makes the maps, both storage that comes and goes with each task. `keep` is given each descriptor. Throws SystemError, where there is no such storage too. */
export function createCopyMaps(keep: (fd: number) => number): Pick<KernelCopies, "own" | "more"> {
  const make = (name: string, valueSize: number): number => {
    const { bytes, key, value } = mapTypes(valueSize);
    const types = { fd: keep(loadTypes(bytes)), key, value };
    const map = { name, type: MAP_TYPE.taskStorage, keySize: 4, entries: 0, flags: NO_PREALLOCATION };
    return keep(createMap({ ...map, valueSize, types }));
  };
  return { own: make("falco_copies", COPIES.size), more: make("falco_copies2", MORE.size) };
}

/** R0 = the current task's value of a storage map; goes to `missing` where it has none, or with `create` can't get one. `task`: where the task is known already. */
export function taskStorage(
  k: Emitter,
  map: number,
  missing: Label,
  { create = false, task }: { readonly create?: boolean; readonly task?: Reg } = {},
): void {
  const { asm } = k;
  if (!task) asm.call(HELPER.currentTaskTyped);
  asm.mov(R2, task ?? R0);
  asm.map(R1, map);
  asm.mov(R3, 0);
  asm.mov(R4, create ? 1 : 0);
  asm.call(HELPER.taskStorage);
  asm.jump("eq", R0, 0, missing);
}

/** At a call's end: what was kept of it is for its event from now on. Leaves R0 undefined. */
export function takeCopies(k: Emitter, { own }: KernelCopies): void {
  const { asm } = k;
  const none = asm.label("no copies");
  taskStorage(k, own, none);
  take(k);
  asm.place(none);
}

/** The same where the task's value is in R0 already; it stays there. */
export function take(k: Emitter): void {
  const { asm } = k;
  const current = asm.label("copies of this call");
  asm.mapValue(R1, k.target.maps.interest, INTEREST.generation);
  asm.load(4, R1, R1, 0);
  asm.load(4, R2, R0, COPIES.generation);
  asm.load(4, R3, R0, COPIES.texts);
  asm.load(4, R4, R0, COPIES.addresses);
  asm.jump("eq", R1, R2, current);
  asm.mov(R3, 0);
  asm.mov(R4, 0);
  asm.place(current);
  asm.store(4, R0, COPIES.takenTexts, R3);
  asm.store(4, R0, COPIES.takenAddresses, R4);
  asm.store(4, R0, COPIES.texts, 0);
  asm.store(4, R0, COPIES.addresses, 0);
}

/** Drops what was kept of a call that is not recorded, or whose end may not be seen: execve where it succeeded. Leaves R0 undefined. */
export function forgetCopies(k: Emitter): void {
  const { asm, target } = k;
  if (!target.copies) return;
  const none = asm.label("nothing to forget");
  taskStorage(k, target.copies.own, none);
  asm.store(4, R0, COPIES.texts, 0);
  asm.store(4, R0, COPIES.addresses, 0);
  asm.place(none);
}

/** Runs `then` unless the copies of the call have been taken before: by the dispatcher for a 32-bit call, or for an earlier record of the same call. */
export function unlessTaken(k: Emitter, then: () => void): void {
  const { asm, target } = k;
  const taken = asm.label("taken before");
  if (target.arch.compat) {
    asm.load(4, R1, R7, SCRATCH.compat);
    asm.jump("ne", R1, 0, taken);
  }
  asm.load(8, R1, R7, SCRATCH.repetition);
  asm.jump("ne", R1, 0, taken);
  k.branch(then);
  asm.place(taken);
}
