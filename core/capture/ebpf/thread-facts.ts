import { type Label, R0, R1, R2, R3, R4, R7, R10 } from "./assembler.ts";
import type { Emitter, Value } from "./emitter.ts";
import { HELPER } from "./helper.ts";
import { SCRATCH } from "./scratch.ts";

/**
 * What the records handed over so far have told of a thread, kept in the kernel too: conditions on it are decided by what state will know when
 * it comes to the record, not by what the task is at the moment. One entry a thread, by its id in the initial pid namespace:
 *
 *   0      16        20          24       40              44
 *   | comm | uid u32 | flags u32 | caller's comm | caller's uid u32 | told u32 |
 *
 * State takes a new thread's name and user from whichever comes first, the child's own record of clone or its creator's. So the creator notes what
 * it tells before its record is handed over, and the child compares after its own was: the entry counts when they say the same. A thread
 * without an entry that counts is one of which nothing can be decided.
 */
export const FACTS = {
  comm: 0,
  uid: 16,
  flags: 20,
  callerComm: 24,
  callerUid: 40,
  told: 44,
  size: 48,
} as const;

/**
 * KNOWN: the entry counts. DISPUTED: it won't until the next exec. A fresh entry has neither. The bits of PLACE tell where the thread runs, SEEDED that
 * /proc said it all.
 */
export const FACT = { KNOWN: 1, DISPUTED: 2, SEEDED: 16 } as const;
const STATES = FACT.KNOWN | FACT.DISPUTED;

/** Threads that are kept; of others nothing is decided. */
export const MAX_FACTS = 32_768;

/** Offset in the scratch area of a member of the facts that are being prepared. */
export const prepared = (offset: number): number => SCRATCH.facts + offset;

/** Calls `use` with the frame offset of the thread's id, and the map in R1 and the key's address in R2. */
function withKey(k: Emitter, tid: Value, use: (key: number) => void): void {
  k.temporary(8, (key) => {
    tid(k);
    k.asm.store(4, R10, key, R0);
    mapAndKey(k, key);
    use(key);
  });
}

function mapAndKey(k: Emitter, key: number): void {
  const { asm } = k;
  asm.map(R1, k.target.maps.facts);
  asm.mov(R2, R10);
  asm.alu("add", R2, key);
}

/** R0 = the thread's entry; goes to `none` where it has none. */
export function loadFacts(k: Emitter, tid: Value, none: Label): void {
  withKey(k, tid, () => k.asm.call(HELPER.mapLookup));
  k.asm.jump("eq", R0, 0, none);
}

/** Enters what was prepared; `flags` are those of bpf_map_update_elem. */
export function enter(k: Emitter, tid: Value, flags = 0): void {
  const { asm } = k;
  withKey(k, tid, () => {
    asm.mov(R3, R7);
    asm.alu("add", R3, SCRATCH.facts);
    asm.mov(R4, flags);
    asm.call(HELPER.mapUpdate);
  });
}

/** Whatever was known of the thread is void. */
export const forget = (k: Emitter, tid: Value): void => withKey(k, tid, () => k.asm.call(HELPER.mapDelete));

/** The current thread's id. */
export const currentTid: Value = (k) => {
  k.asm.call(HELPER.currentPidTgid);
  k.asm.alu32("mov", R0, R0);
};

/** sched_process_fork: whatever was known of an earlier thread with the id is void. */
export function startFacts(k: Emitter, tid: Value): void {
  for (let at = 0; at < FACTS.size; at += 8) k.asm.store(8, R7, prepared(at), 0);
  enter(k, tid);
}

/** Goes to `yes` where the entry (R0) does not count. Leaves its flags in R1. */
export function unlessKnown(k: Emitter, yes: Label): void {
  const { asm } = k;
  asm.load(4, R2, R0, FACTS.flags);
  asm.mov(R1, R2);
  asm.alu("and", R2, STATES);
  asm.jump("ne", R2, FACT.KNOWN, yes);
}
