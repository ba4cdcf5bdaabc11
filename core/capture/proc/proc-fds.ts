import { constants } from "node:fs";
import type { FdSeed } from "../../event/source.ts";
import { OPEN_BITS } from "../../schema/native-flags.ts";
import { FD } from "../../state/fd.ts";
import { listDirectory, readLink, readProc, readProcTable, statOf } from "./proc-files.ts";
import { readSockets, type SocketSeed } from "./proc-sockets.ts";

const ANON_KINDS: Readonly<Record<string, number>> = {
  "[eventfd]": FD.EVENT,
  "[eventpoll]": FD.EVENTPOLL,
  inotify: FD.INOTIFY,
  "[signalfd]": FD.SIGNALFD,
  "[timerfd]": FD.TIMERFD,
  "[io_uring]": FD.IO_URING,
  "[userfaultfd]": FD.USERFAULTFD,
  "[pidfd]": FD.PIDFD,
  "bpf-map": FD.BPF,
  "bpf-prog": FD.BPF,
  "bpf-link": FD.BPF,
  bpf_link: FD.BPF,
  bpf_iter: FD.BPF,
};
const ANON_PREFIX = "anon_inode:";
const MEMFD_PREFIX = "/memfd:";
const OPEN_TABLE = OPEN_BITS[process.arch === "arm64" ? "aarch64" : "x86_64"];

/** Reads the descriptors of processes. Tables of sockets and mounts are read once a namespace. */
export class ProcFds {
  readonly #proc: string;
  readonly #sockets = new Map<string, Map<string, SocketSeed>>();
  readonly #mounts = new Map<string, Map<number, number>>();

  constructor(proc: string) {
    this.#proc = proc;
  }

  /** Hands over every descriptor of the process. */
  each(pid: number, use: (seed: FdSeed) => void): void {
    this.some(pid, listDirectory(`${this.#proc}/${pid}/fd`), use);
  }

  /** Hands over those of the process that have these numbers. */
  some(pid: number, numbers: readonly (number | string)[], use: (seed: FdSeed) => void): void {
    for (const number of numbers) {
      const seed = this.#fd(`${this.#proc}/${pid}`, pid, String(number));
      if (seed) use(seed);
    }
  }

  /** Forgets the tables: what was read is of that moment. */
  forget(): void {
    this.#sockets.clear();
    this.#mounts.clear();
  }

  #fd(directory: string, pid: number, number: string): FdSeed | undefined {
    const path = `${directory}/fd/${number}`;
    const link = readLink(path);
    if (link === undefined) return undefined;
    const base = { tid: pid, fd: Number(number) };
    const socket = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (socket !== undefined) {
      const known = this.#socketsOf(directory).get(socket);
      return known && { ...base, ...known };
    }
    const pipe = /^pipe:\[(\d+)\]$/.exec(link)?.[1];
    if (pipe !== undefined) return { ...base, ino: BigInt(pipe), kind: FD.FIFO, name: link };
    if (link.startsWith(ANON_PREFIX)) {
      const kind = ANON_KINDS[link.slice(ANON_PREFIX.length)] ?? FD.UNSUPPORTED;
      return { ...base, ino: 0n, kind, name: "" };
    }
    return this.#file(directory, base, link, path);
  }

  #file(
    directory: string,
    base: { tid: number; fd: number },
    link: string,
    path: string,
  ): FdSeed | undefined {
    const stat = statOf(path);
    if (!stat) return undefined;
    const { ino } = stat;
    if (link.startsWith(MEMFD_PREFIX)) return { ...base, ino, kind: FD.MEMFD, name: link };
    if (stat.isFIFO()) return { ...base, ino, kind: FD.FIFO, name: link };
    if (stat.isDirectory()) return { ...base, ino, kind: FD.DIRECTORY, name: link };
    const info = readProc(`${directory}/fdinfo/${base.fd}`)?.toString() ?? "";
    const flags = Number.parseInt(/^flags:\s+([0-7]+)/m.exec(info)?.[1] ?? "0", 8);
    const mountId = Number(/^mnt_id:\s+(\d+)/m.exec(info)?.[1] ?? 0);
    const dev = this.#mountsOf(directory).get(mountId) ?? 0;
    return { ...base, ino, kind: FD.FILE_V2, name: link, openFlags: recordedFlags(flags), mountId, dev };
  }

  #socketsOf(directory: string): Map<string, SocketSeed> {
    return cached(this.#sockets, readLink(`${directory}/ns/net`), () => readSockets(`${directory}/net`));
  }

  #mountsOf(directory: string): Map<number, number> {
    return cached(this.#mounts, readLink(`${directory}/ns/mnt`), () => readMounts(`${directory}/mountinfo`));
  }
}

function cached<T>(cache: Map<string, T>, key: string | undefined, read: () => T): T {
  const known = key === undefined ? undefined : cache.get(key);
  if (known !== undefined) return known;
  const value = read();
  if (key !== undefined) cache.set(key, value);
  return value;
}

/** Device numbers, as makedev(3) puts them, by mount id: lines `id parent major:minor …`. */
function readMounts(path: string): Map<number, number> {
  const mounts = new Map<number, number>();
  for (const line of readProcTable(path)?.split("\n") ?? []) {
    const match = /^(\d+) \d+ (\d+):(\d+) /.exec(line);
    if (!match) continue;
    const [id, major, minor] = match.slice(1).map(Number) as [number, number, number];
    mounts.set(id, (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));
  }
  return mounts;
}

/** Flags of open(2) as events carry them. */
function recordedFlags(flags: number): number {
  const access = flags & (constants.O_RDWR | constants.O_WRONLY);
  let recorded = access === constants.O_RDWR ? 3 : access === constants.O_WRONLY ? 2 : 1;
  for (const [native, bit] of OPEN_TABLE) if (flags & native) recorded |= bit;
  return recorded;
}
