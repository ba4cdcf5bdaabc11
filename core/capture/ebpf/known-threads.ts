import type { ThreadSeed } from "../../event/source.ts";
import { Assembler, R0, R1, R6, R7 } from "./assembler.ts";
import { deleteFromMap, insertIntoMap } from "./bpf.ts";
import { placeOf } from "./control-groups.ts";
import { Emitter } from "./emitter.ts";
import { INTEREST } from "./interest.ts";
import type { Target } from "./target.ts";
import { TaskValues } from "./task-values.ts";
import { FACT, FACTS, startFacts } from "./thread-facts.ts";
import { tracepointArg } from "./values.ts";

const MAX_COMM = 15;

/** Makes known to the programs what /proc said of a thread, unless a record told of it before. Throws SystemError. */
export function enterSeed(facts: number, { tid, comm, uid, cgroups }: ThreadSeed): void {
  // Other names than these may read otherwise than their bytes.
  if (!/^[\x21-\x7e]*$/.test(comm) || comm.length > MAX_COMM) return;
  const value = Buffer.alloc(FACTS.size);
  value.write(comm, FACTS.comm, "latin1");
  value.writeUInt32LE(uid >>> 0, FACTS.uid);
  value.writeUInt32LE(FACT.KNOWN | FACT.SEEDED | placeOf(cgroups), FACTS.flags);
  insertIntoMap(facts, tid, value);
}

/** Makes the programs forget a thread: it is known by other ways than records. Throws SystemError. */
export const forgetThread = (facts: number, tid: number): void => deleteFromMap(facts, tid);

/** The program on cgroup_rename: from then on no group is known. */
export function renameProgram({ maps }: Target): Buffer {
  const asm = new Assembler();
  asm.mapValue(R1, maps.interest, INTEREST.groupsRenamed);
  asm.store(4, R1, 0, 1);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}

/** The program on sched_process_fork(parent, child): a new thread of which nothing has been told yet. */
export function forkProgram(target: Target): Buffer {
  const k = new Emitter(target);
  const { asm } = k;
  const end = asm.label("end");
  asm.mov(R6, R1);
  k.loadScratch(R7, end);
  startFacts(k, new TaskValues(tracepointArg(1)).tid);
  asm.place(end);
  asm.place(k.drop);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}
