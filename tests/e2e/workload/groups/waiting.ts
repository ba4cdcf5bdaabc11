import { call, memory, words } from "../calls.ts";
import { BAD_FD, expectEvent, hex, pid, run, wordsOf } from "../expectations.ts";

export function waiting(): void {
  const entry = Buffer.alloc(16);
  entry.writeInt32LE(1, 0);
  entry.writeInt16LE(4, 4);
  entry.writeInt32LE(BAD_FD, 8);
  const invalid = `0200${wordsOf(1).toString("hex")}`;
  const ready = call("poll", memory(Buffer.from(entry)), 2, 0);
  const answered = Buffer.from(entry);
  run("poll", [memory(answered), 2, 0], { res: ready, timeout: 0 });
  expectEvent("SYSCALL_POLL_X", { fds: pollList(answered) });
  expectEvent("SYSCALL_POLL_X", {
    fds: `${`hex:${invalid}`}${pollList(answered).slice(4 + invalid.length)}`,
  });
  run("ppoll", [memory(entry), 2, words(0, 5), words(0x10), 8], { res: ready, sigmask: 0x10 });
  run("select", [0, 0, 0, 0, words(0, 0)], { res: 0 });
  run("nanosleep", [words(0, 1000), 0], { res: 0, interval: 1000 });
  run("futex", [memory(Buffer.alloc(8)), 1 | 128, 9], { res: 0, op: 1, val: 9 });
  run("kill", [pid, 0], { pid, sig: 0 });
  run("tkill", [pid, 0], { tid: pid, sig: 0 });
  run("tgkill", [pid, pid, 0], { pid, tid: pid, sig: 0 });
  const set = run("semget", [0, 2, 0o1600], { key: 0, nsems: 2, semflg: 0x2000 });
  run("semctl", [set, 1, 16, 5], { semid: set, semnum: 1, cmd: 4096, val: 5 });
  run("semop", [set, memory(new Uint8Array(new Int16Array([1, -2, 0o4000, 0, 3, 0]).buffer)), 2], {
    res: 0,
    nsops: 2,
    sem_num_0: 1,
    sem_op_0: -2,
    sem_flg_0: 1,
    sem_num_1: 0,
    sem_op_1: 3,
    sem_flg_1: 0,
    semid: set,
  });
  call("semctl", set, 0, 0, 0);
}

/** struct pollfd entries as the record lists them; only the first events, whose numbers are the same. */
function pollList(entries: Buffer): string {
  const list = Buffer.alloc(2 + 10 * (entries.length / 8));
  list.writeUInt16LE(entries.length / 8);
  for (let i = 0; i * 8 < entries.length; i++) {
    const answer = entries.readUInt16LE(8 * i + 6);
    list.writeBigInt64LE(BigInt(entries.readInt32LE(8 * i)), 2 + 10 * i);
    list.writeUInt16LE(
      (answer & 7) | (answer & 8 ? 16 : 0) | (answer & 16 ? 32 : 0) | (answer & 32 ? 64 : 0),
      10 + 10 * i,
    );
  }
  return hex(list);
}
