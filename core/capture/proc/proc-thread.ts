import type { BigIntStats } from "node:fs";
import type { ThreadSeed } from "../../event/source.ts";
import { readLink, readProc, statOf } from "./proc-files.ts";

const UNSET_ID = 0xffff_ffff;
/** Bytes kept of arguments and environment, as events keep them. */
const MAX_TEXT = 4096;
const S_IWGRP = 0o020n;
const S_IWOTH = 0o002n;
const CAP_DAC_OVERRIDE = 1n << 1n;
const CAP_FOWNER = 1n << 3n;
/** Recorded clone flags of a thread that shares its process's descriptors: CLONE_THREAD and CLONE_FILES. */
const THREAD_FLAGS = 0x2001;
const MEMFD_PREFIX = "/memfd:";
/** Kernel clock ticks, of which /proc counts start times, are always 100 a second to user space. */
const TICK_NS = 10_000_000n;

/** What a thread shares with its process: read once for all of its threads. */
type ProcessPart = Pick<
  ThreadSeed,
  | "exe"
  | "exePath"
  | "exeWritable"
  | "exeUpperLayer"
  | "exeLowerLayer"
  | "exeFromMemfd"
  | "args"
  | "env"
  | "cwd"
  | "root"
  | "fdLimit"
  | "pidnsInitStart"
  | "exeIno"
  | "exeCtime"
  | "exeMtime"
>;

/** Reads what /proc says of threads. `bootTime` is in nanoseconds since the epoch. */
export class ProcThreads {
  readonly #proc: string;
  readonly #bootTime: bigint;
  /** Start of each pid namespace's first process, by the namespace's inode. */
  readonly #namespaceStarts = new Map<string, bigint>();

  constructor(proc: string, bootTime: bigint) {
    this.#proc = proc;
    this.#bootTime = bootTime;
  }

  /** The process that `pid` leads; undefined if it is gone, a zombie or the kernel's own. */
  process(pid: number): ThreadSeed | undefined {
    const directory = `${this.#proc}/${pid}`;
    const status = readStatus(directory);
    return status && this.#seed(directory, pid, status, undefined);
  }

  /** Another thread of the process `leader`. */
  thread(leader: ThreadSeed, tid: number): ThreadSeed | undefined {
    const directory = `${this.#proc}/${leader.pid}/task/${tid}`;
    const status = readStatus(directory);
    return status && this.#seed(directory, tid, status, leader);
  }

  /** Id of the process that a thread belongs to; undefined if it is gone. */
  processOf(tid: number): number | undefined {
    const pid = readStatus(`${this.#proc}/${tid}`)?.get("Tgid");
    return pid === undefined ? undefined : Number(pid);
  }

  #seed(
    directory: string,
    tid: number,
    status: Status,
    leader: ThreadSeed | undefined,
  ): ThreadSeed | undefined {
    const stat = statFields(directory);
    const pid = numberOf(status, "Tgid", -1);
    if (!stat || pid < 0) return undefined;
    const uids = words(status, "Uid");
    const gids = words(status, "Gid");
    const ids = { uid: Number(uids[1] ?? UNSET_ID), gid: Number(gids[1] ?? UNSET_ID) };
    const capability = (name: string): bigint => BigInt(`0x${status.get(name) ?? "0"}`);
    const effective = capability("CapEff");
    const process = leader ?? this.#process(directory, status, ids, effective);
    if (!process) return undefined;
    return {
      ...process,
      tid,
      pid,
      ptid: numberOf(status, "PPid", -1),
      sid: Number(stat[3]),
      vpgid: Number(words(status, "NSpgid").at(-1) ?? stat[2]),
      pgid: Number(words(status, "NSpgid")[0] ?? stat[2]),
      vtid: Number(words(status, "NSpid").at(-1) ?? tid),
      vpid: Number(words(status, "NStgid").at(-1) ?? pid),
      comm: readProc(`${directory}/comm`)?.toString().trimEnd() ?? "",
      flags: tid === pid ? 0 : THREAD_FLAGS,
      ...ids,
      loginUid: Number(readProc(`${directory}/loginuid`)?.toString() ?? UNSET_ID),
      vmSize: numberOf(status, "VmSize", 0),
      vmRss: numberOf(status, "VmRSS", 0),
      vmSwap: numberOf(status, "VmSwap", 0),
      tty: Number(stat[4]),
      pageFaultsMinor: Number(stat[7]),
      pageFaultsMajor: Number(stat[9]),
      cgroups: cgroupLines(readProc(`${directory}/cgroup`)?.toString() ?? ""),
      cloneTime: this.#bootTime + BigInt(stat[19] ?? 0) * TICK_NS,
      capInheritable: capability("CapInh"),
      capPermitted: capability("CapPrm"),
      capEffective: effective,
    };
  }

  #process(
    directory: string,
    status: Status,
    ids: { uid: number; gid: number },
    caps: bigint,
  ): ProcessPart | undefined {
    const commandLine = strings(readProc(`${directory}/cmdline`));
    const exePath = readLink(`${directory}/exe`) ?? "";
    // The kernel's own threads and zombies have neither.
    if (commandLine.length === 0 && exePath === "") return undefined;
    const file = statOf(`${directory}/exe`);
    return {
      exe: commandLine[0] ?? "",
      args: commandLine.slice(1),
      exePath,
      exeWritable: file !== undefined && isWritable(file, ids, words(status, "Groups"), caps),
      exeUpperLayer: false,
      exeLowerLayer: false,
      exeFromMemfd: exePath.startsWith(MEMFD_PREFIX),
      env: strings(readProc(`${directory}/environ`)),
      cwd: readLink(`${directory}/cwd`) ?? "",
      root: readLink(`${directory}/root`) ?? "/",
      fdLimit: fdLimit(readProc(`${directory}/limits`)?.toString() ?? ""),
      pidnsInitStart: this.#namespaceStart(directory),
      exeIno: file?.ino ?? 0n,
      exeCtime: file?.ctimeNs ?? 0n,
      exeMtime: file?.mtimeNs ?? 0n,
    };
  }

  /** Start of the first process in a process's pid namespace, nanoseconds since the epoch; 0 when it can't be seen. */
  #namespaceStart(directory: string): bigint {
    const namespace = readLink(`${directory}/ns/pid`);
    if (namespace === undefined) return 0n;
    const known = this.#namespaceStarts.get(namespace);
    if (known !== undefined) return known;
    const ticks = statFields(`${directory}/root/proc/1`)?.[19];
    const start = ticks === undefined ? 0n : this.#bootTime + BigInt(ticks) * TICK_NS;
    this.#namespaceStarts.set(namespace, start);
    return start;
  }
}

type Status = ReadonlyMap<string, string>;

/** `name:\tvalue` lines of a status file. */
function readStatus(directory: string): Status | undefined {
  const text = readProc(`${directory}/status`)?.toString();
  if (text === undefined) return undefined;
  const status = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) status.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return status;
}

const words = (status: Status, name: string): string[] => status.get(name)?.match(/\S+/g) ?? [];
const numberOf = (status: Status, name: string, fallback: number): number => {
  const text = words(status, name)[0];
  return text === undefined ? fallback : Number(text);
};

/** Fields of a stat file from the state on (its third): the name before may hold blanks and parentheses. */
function statFields(directory: string): string[] | undefined {
  const text = readProc(`${directory}/stat`)?.toString();
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** NUL-terminated strings, the last maybe cut. */
function strings(bytes: Buffer | undefined): string[] {
  if (!bytes || bytes.length === 0) return [];
  const text = bytes.subarray(0, MAX_TEXT).toString();
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

/** Lines `id:controllers:path` as `controller=path`, one for each controller; version 2 has none and an empty name. */
function cgroupLines(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (!match) return [];
    return match[1]!.split(",").map((controller) => `${controller}=${match[2]}`);
  });
}

function fdLimit(limits: string): number {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === undefined || soft === "unlimited" ? -1 : Number(soft);
}

/** Whether a process with these ids could write a file, as the kernel checks it without access control lists. */
function isWritable(
  file: BigIntStats,
  { uid, gid }: { uid: number; gid: number },
  groups: readonly string[],
  capabilities: bigint,
): boolean {
  if (file.uid === BigInt(uid)) return true;
  const inGroup = file.gid === BigInt(gid) || groups.includes(String(file.gid));
  if (file.mode & (inGroup ? S_IWGRP : S_IWOTH)) return true;
  return (capabilities & (CAP_DAC_OVERRIDE | CAP_FOWNER)) !== 0n;
}
