import { R0, R1, R2, R3, R7, R10 } from "./assembler.ts";
import type { Emitter, Value, Writer } from "./emitter.ts";
import { endProcess, loseProcess, ofChild, ofForked, settleProcess, startProcess } from "./fd-processes.ts";
import { placeOfGroups } from "./group-places.ts";
import { HELPER } from "./helper.ts";
import { INTEREST } from "./interest.ts";
import { TASK_COMM_LEN } from "./task-comm.ts";
import { TaskValues } from "./task-values.ts";
import { currentTid, enter, FACT, FACTS, forget, loadFacts, prepared, startFacts } from "./thread-facts.ts";
import { address, currentTask, member } from "./values.ts";
import { kernelString } from "./writers.ts";

/** Besides the caller's place. */
const TOLD = 1;
const NO_EXIST = 1;

/** What records tell of threads, and so what the entries follow. The members emit code around the making of the record. */
export interface Lesson {
  /** Before the record's parameters are written. */
  readonly before?: (k: Emitter) => void;
  /** When it is about to be handed over. */
  readonly ready?: (k: Emitter) => void;
  /** When it has been handed over. */
  readonly after?: (k: Emitter) => void;
  /** When it could not be. */
  readonly lost?: (k: Emitter) => void;
}

/** Both; either may be missing. */
export function joined(one: Lesson = {}, other: Lesson = {}): Lesson {
  const both = (when: keyof Lesson): Lesson => {
    const [first, second] = [one[when], other[when]];
    if (!first || !second) return first || second ? { [when]: first ?? second } : {};
    return {
      [when]: (k: Emitter) => {
        first(k);
        second(k);
      },
    };
  };
  return { ...both("before"), ...both("ready"), ...both("after"), ...both("lost") };
}

/** The task that a record tells of, and its control groups as the record has them. */
interface Taught {
  readonly task: Value;
  readonly groups: Value;
}

/** The name of the task whose facts were prepared: as they have it, though another thread may change it meanwhile. */
export const preparedComm: Writer = kernelString((k) => {
  k.asm.mov(R0, R7);
  k.asm.alu("add", R0, prepared(FACTS.comm));
}, TASK_COMM_LEN);

/** Makes the facts that are being prepared those of a thread of which nothing is known. */
function clear({ asm }: Emitter): void {
  for (let at = 0; at < FACTS.size; at += 8) asm.store(8, R7, prepared(at), 0);
}

/** Puts what the record is going to tell of the task into the scratch area, as the facts of a thread in no state. */
function prepare(k: Emitter, { task, groups }: Taught): void {
  const { asm } = k;
  clear(k);
  address(task, "task_struct", "comm")(k);
  asm.mov(R3, R0);
  asm.mov(R1, R7);
  asm.alu("add", R1, prepared(FACTS.comm));
  asm.mov(R2, TASK_COMM_LEN);
  asm.call(HELPER.probeReadKernelString);
  member(task, "task_struct", "cred.euid.val")(k);
  asm.store(4, R7, prepared(FACTS.uid), R0);
  placeOfGroups(groups)(k);
  asm.store(4, R7, prepared(FACTS.flags), R0);
}

/** Copies the facts that were prepared to these members of the entry at R0, with a bit more in their flags. */
function copy(k: Emitter, to: Readonly<Record<"comm" | "uid" | "flags", number>>, bit: number): void {
  const { asm } = k;
  for (let at = 0; at < TASK_COMM_LEN; at += 8) {
    asm.load(8, R1, R7, prepared(FACTS.comm + at));
    asm.store(8, R0, to.comm + at, R1);
  }
  asm.load(4, R1, R7, prepared(FACTS.uid));
  asm.store(4, R0, to.uid, R1);
  asm.load(4, R1, R7, prepared(FACTS.flags));
  asm.alu("or", R1, bit);
  asm.store(4, R0, to.flags, R1);
}

/** Sets bits of the prepared flags. */
function mark(k: Emitter, bits: number): void {
  const { asm } = k;
  asm.load(4, R1, R7, prepared(FACTS.flags));
  asm.alu("or", R1, bits);
  asm.store(4, R7, prepared(FACTS.flags), R1);
}

/** A thread has ended. */
export const ENDS: Lesson = { after: end, lost: end };

function end(k: Emitter): void {
  forget(k, currentTid);
  endProcess(k, currentTask);
}

/** A new program: everything is told anew. `oldTid` is the id that the thread had before it took its process's. */
export function learnsProgram(taught: Taught, oldTid: Value): Lesson {
  return {
    before: (k) => {
      prepare(k, taught);
      mark(k, FACT.KNOWN);
    },
    after: (k) => {
      forget(k, oldTid);
      enter(k, currentTid);
    },
    lost: (k) => {
      forget(k, oldTid);
      forget(k, currentTid);
    },
  };
}

/** The current thread's user became what the record's parameter says, where the call succeeded. */
export function learnsUser(succeeded: Value, uid: Value): Lesson {
  return {
    after: (k) => {
      const { asm } = k;
      const end = asm.label("user learnt");
      const unknown = asm.label("no facts");
      succeeded(k);
      asm.jump("ne", R0, 0, end);
      k.temporary(8, (slot) => {
        uid(k);
        asm.store(8, R10, slot, R0);
        loadFacts(k, currentTid, unknown);
        asm.load(8, R1, R10, slot);
        asm.store(4, R0, FACTS.uid, R1);
        asm.goto(end);
      });
      // What /proc said of it before must not be entered after this.
      asm.place(unknown);
      clear(k);
      asm.store(4, R7, prepared(FACTS.flags), FACT.DISPUTED);
      enter(k, currentTid, NO_EXIST);
      asm.place(end);
    },
    lost: (k) => forget(k, currentTid),
  };
}

/** The creator's record of clone: what it tells of the child is what it is itself. `child` is positive where there is one. */
function tellsOfChild(k: Emitter, task: Value, child: Value): void {
  const { asm } = k;
  const end = asm.label("told");
  // Ids in other namespaces mean nothing here, and state leaves such children to their own records.
  member(task, "task_struct", "thread_pid.level")(k);
  asm.jump("ne", R0, 0, end);
  child(k);
  asm.jump("sle", R0, 0, end);
  loadFacts(k, child, end);
  const heard = asm.label("heard of from records");
  asm.load(4, R1, R0, FACTS.flags);
  asm.alu("and", R1, FACT.SEEDED);
  asm.jump("eq", R1, 0, heard);
  // State may believe this record more than what /proc said before it.
  asm.store(4, R0, FACTS.flags, FACT.DISPUTED);
  asm.place(heard);
  copy(k, { comm: FACTS.callerComm, uid: FACTS.callerUid, flags: FACTS.told }, TOLD);
  asm.place(end);
}

/** The child's own record of clone has been handed over. `task` is the child. */
function learnsChild(k: Emitter, task: Value, tid: Value): void {
  const { asm } = k;
  const end = asm.label("child learnt");
  const disputed = asm.label("disputed");
  const agreed = asm.label("agreed");
  // What started before /proc had been read may be known from there.
  member(task, "task_struct", "start_boottime", "real_start_time")(k);
  asm.mapValue(R1, k.target.maps.interest, INTEREST.scannedAt);
  asm.load(8, R1, R1, 0);
  k.temporary(8, (isNew) => {
    const old = asm.label("started before");
    asm.store(8, R10, isNew, 0);
    asm.jump("eq", R1, 0, old);
    asm.jump("lt", R0, R1, old);
    asm.store(8, R10, isNew, 1);
    asm.place(old);
    loadFacts(k, tid, end);
    asm.load(8, R1, R10, isNew);
  });
  asm.jump("eq", R1, 0, disputed);
  asm.load(4, R1, R0, FACTS.flags);
  asm.jump("ne", R1, 0, disputed);
  asm.load(4, R1, R0, FACTS.told);
  asm.jump("eq", R1, 0, agreed);
  asm.load(4, R2, R7, prepared(FACTS.flags));
  asm.alu("or", R2, TOLD);
  asm.jump("ne", R1, R2, disputed);
  for (const [told, own, size] of [
    [FACTS.callerComm, FACTS.comm, 8],
    [FACTS.callerComm + 8, FACTS.comm + 8, 8],
    [FACTS.callerUid, FACTS.uid, 4],
  ] as const) {
    asm.load(size, R1, R0, told);
    asm.load(size, R2, R7, prepared(own));
    asm.jump("ne", R1, R2, disputed);
  }
  asm.place(agreed);
  copy(k, FACTS, FACT.KNOWN);
  asm.goto(end);
  asm.place(disputed);
  asm.store(4, R0, FACTS.flags, FACT.DISPUTED);
  asm.place(end);
}

/** Either side's record of clone, clone3, fork or vfork where the child returns from the call too. */
export function learnsClone(taught: Taught, result: Value): Lesson {
  const { task } = taught;
  return {
    before: (k) => {
      prepare(k, taught);
      tellsOfChild(k, task, result);
    },
    after: (k) => {
      ofChild(k, task, result, settleProcess);
      const end = k.asm.label("not the child");
      result(k);
      k.asm.jump("ne", R0, 0, end);
      learnsChild(k, task, currentTid);
      k.asm.place(end);
    },
    lost: (k) => {
      ofChild(k, task, result, loseProcess);
      const end = k.asm.label("not the child");
      result(k);
      k.asm.jump("ne", R0, 0, end);
      forget(k, currentTid);
      k.asm.place(end);
    },
  };
}

/** The child's record where it is made by its creator. */
export function learnsForked(child: Taught, tid: Value): Lesson {
  const pid = new TaskValues(child.task).pid;
  return {
    before: (k) => {
      startFacts(k, tid);
      prepare(k, child);
    },
    ready: (k) => startProcess(k, child.task),
    after: (k) => {
      learnsChild(k, child.task, tid);
      ofForked(k, tid, pid, settleProcess);
    },
    lost: (k) => {
      forget(k, tid);
      ofForked(k, tid, pid, loseProcess);
    },
  };
}
