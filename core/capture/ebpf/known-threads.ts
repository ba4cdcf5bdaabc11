import type { ThreadSeed } from "../../event/source.ts";
import { Assembler, R0, R1, R6, R7 } from "./assembler.ts";
import { sinceBoot } from "./boot-time.ts";
import { deleteFromMap, insertIntoMap } from "./bpf.ts";
import { ControlGroups, placeOf } from "./control-groups.ts";
import { Emitter } from "./emitter.ts";
import { startProcess } from "./fd-processes.ts";
import { INTEREST } from "./interest.ts";
import type { Target } from "./target.ts";
import { PLAIN_TEXT, TASK_COMM_LEN } from "./task-comm.ts";
import { TaskValues } from "./task-values.ts";
import { FACT, FACTS, startFacts } from "./thread-facts.ts";
import { tracepointArg } from "./values.ts";

/** Control groups are looked through this often at most, and for one in so many parts of the time. */
const SCAN_MS = 2_000;
const SCAN_SHARE = 500;

/** What the programs are to know of threads beside what records tell. All methods throw SystemError. */
export class KnownThreads {
  readonly #facts: number;
  readonly #interest: DataView;
  readonly #groups: ControlGroups;
  #nextScan = 0;

  /** `interest` views the interest map. Looks through the control groups that there are. */
  constructor({ facts, groups }: Target["maps"], interest: DataView) {
    this.#facts = facts;
    this.#interest = interest;
    this.#groups = new ControlGroups(groups);
    this.#groups.scan();
  }

  /** Takes what /proc says of a thread while it is read, unless a record told of it before. */
  seed({ tid, comm, uid, cgroups }: ThreadSeed): void {
    // Other names than these may read otherwise than their bytes.
    if (!PLAIN_TEXT.test(comm) || comm.length >= TASK_COMM_LEN) return;
    const value = Buffer.alloc(FACTS.size);
    value.write(comm, FACTS.comm, "latin1");
    value.writeUInt32LE(uid >>> 0, FACTS.uid);
    value.writeUInt32LE(FACT.KNOWN | FACT.SEEDED | placeOf(cgroups), FACTS.flags);
    insertIntoMap(this.#facts, tid, value);
  }

  /** /proc has been read: what starts from now on is known from records alone. */
  endSeeding(): void {
    this.#interest.setBigUint64(INTEREST.scannedAt, sinceBoot(), true);
  }

  /** Takes that state has looked a thread up again. */
  forget(tid: number): void {
    deleteFromMap(this.#facts, tid);
  }

  /** Finds out what the control groups are that turned up since, if any did and it is time. `now` in milliseconds, as performance.now() has it. */
  learnGroups(now: number): void {
    if (this.#interest.getUint32(INTEREST.groupsUnknown, true) === 0 || now < this.#nextScan) return;
    this.#interest.setUint32(INTEREST.groupsUnknown, 0, true);
    this.#groups.scan();
    this.#nextScan = now + Math.max(SCAN_MS, SCAN_SHARE * (performance.now() - now));
  }
}

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
  const child = tracepointArg(1);
  startFacts(k, new TaskValues(child).tid);
  startProcess(k, child);
  asm.place(end);
  asm.place(k.drop);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}
