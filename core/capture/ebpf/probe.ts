import { readFileSync } from "node:fs";
import type { CpuStats, Sink } from "../../event/source.ts";
import { libc } from "../../ffi/libc.ts";
import { Mapping, PROT_READ, PROT_WRITE } from "../../ffi/mapping.ts";
import { SystemError } from "../../ffi/system-error.ts";
import { EVENT } from "../../schema/event-codes.ts";
import { EVENTS } from "../../schema/events.ts";
import { SYSCALLS } from "../../schema/syscalls.ts";
import type { Architecture } from "./architecture.ts";
import { Assembler, R0 } from "./assembler.ts";
import { attachRawTracepoint, loadProgram, runProgram, updateMap } from "./bpf.ts";
import { Btf } from "./btf.ts";
import { type CallFilter, dropsFailures } from "./call-filter.ts";
import { type Call, callsOf, want } from "./calls.ts";
import { dispatcherProgram } from "./dispatcher.ts";
import { syscallFillers } from "./fillers/all.ts";
import { TRACEPOINT_FILLERS } from "./fillers/tracepoints.ts";
import { HELPER } from "./helper.ts";
import { type Hooked, hookCopies } from "./hook-copies.ts";
import { INTEREST, MAX_SYSCALLS } from "./interest.ts";
import { KnownDescriptors } from "./known-descriptors.ts";
import { forkProgram, KnownThreads, renameProgram } from "./known-threads.ts";
import { Losses } from "./losses.ts";
import { createMaps, inPages, possibleCpus } from "./maps.ts";
import { type EventId, eventProgram, type FillerSet, takesCopies } from "./program.ts";
import { BTF_PATH } from "./requirements.ts";
import { RingBuffer } from "./ring-buffer.ts";
import type { Target } from "./target.ts";

export interface ProbeOptions {
  readonly arch: Architecture;
  /** Nanoseconds since the epoch at boot: times of events count from it. */
  readonly bootTime: bigint;
  /** Bytes of read and written data to keep with an event. */
  readonly snapLength: number;
  /** Leaves out calls that failed. */
  readonly dropFailed: boolean;
  /** Bytes of the ring buffer, a power of two. */
  readonly bufferSize: number;
  /** An eventfd that ends a wait for events. */
  readonly wakeFd?: number;
  /** Reads kernel memory with helper calls even where plain loads are possible; for tests of that path. */
  readonly helperReads?: boolean;
  /** Takes path names and addresses from the caller's memory even where the kernel's copies can be had. */
  readonly memoryOnly?: boolean;
}

/**
 * The kernel side of live capture: maps, programs and their attachments. All of it is held by descriptors of this process, so it is gone when the
 * process is, however it ends.
 */
export class Probe {
  readonly #running: Omit<Target, "btf" | "cast">;
  readonly #helperReads: boolean;
  /** Set while programs are built. */
  #built: Target | undefined;
  readonly #fillers: FillerSet;
  readonly #calls: readonly Call[];
  readonly #ring: RingBuffer;
  readonly #losses: Losses;
  readonly #interest: Mapping;
  /** What the programs know of threads and descriptors by other ways than records. */
  readonly known: KnownThreads;
  readonly descriptors: KnownDescriptors;
  readonly #cpus = possibleCpus();
  /** Descriptors to close, in order of opening. */
  readonly #descriptors: number[] = [];
  /** Loaded programs by event and filter. */
  readonly #programs = new Map<string, number>();
  /** Whether events take the kernel's copies. */
  readonly #copying = new Map<EventId, boolean>();
  /** Attachments of tracepoints by event. */
  readonly #links = new Map<string, number>();
  /** Which of the kernel's own copies are taken, and why not the others. */
  readonly hooked: Hooked;

  /** Reads the kernel's types, makes the maps and attaches the dispatcher; nothing is captured yet. Throws SystemError or FalcoError. */
  constructor(options: ProbeOptions) {
    this.#helperReads = options.helperReads ?? false;
    try {
      const maps = createMaps(options.bufferSize, this.#cpus, (fd) => this.#keep(fd));
      this.#losses = new Losses(maps.counters, this.#cpus);
      this.#interest = new Mapping(maps.interest, inPages(INTEREST.size), 0, PROT_READ | PROT_WRITE);
      const { buffer, byteOffset } = this.#interest.bytes;
      this.#ring = new RingBuffer(maps.ring, options.bufferSize, {
        cpus: this.#cpus,
        wakeAt: new Uint32Array(buffer, byteOffset + INTEREST.wakeAt, 1),
        urgent: new Uint32Array(buffer, byteOffset + INTEREST.urgent, 1),
        wakeFd: options.wakeFd,
      });
      this.#running = {
        arch: options.arch,
        bootTime: options.bootTime,
        self: this.#ownPid(),
        cpus: this.#cpus,
        dropFailed: options.dropFailed,
        snapLength: options.snapLength,
        maps,
      };
      this.#calls = callsOf(options.arch);
      this.#fillers = syscallFillers(options.arch);
      this.#numberCalls();
      this.hooked = options.memoryOnly ? { missing: {} } : this.#hook();
      const { copies } = this.hooked;
      if (copies) {
        this.#running = { ...this.#running, copies };
        this.#built = { ...this.#target(), copies };
      }
      this.known = new KnownThreads(maps, this.#interest.view);
      this.descriptors = new KnownDescriptors(maps, this.#interest.view, options.bootTime);
      this.#attach("cgroup_rename", renameProgram(this.#target()), true);
      // Elsewhere it is a record, made by another program, that announces a new thread.
      if (options.arch.childReturns) this.#attach("sched_process_fork", forkProgram(this.#target()));
      this.#attach("sys_exit", dispatcherProgram(this.#target()));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What programs are built for. The kernel's types are megabytes, so they are read when a program is to be built and let go in `setTraced`. */
  #target(): Target {
    if (this.#built) return this.#built;
    const btf = new Btf(readFileSync(BTF_PATH));
    const cast = this.#helperReads ? undefined : btf.find("bpf_rdonly_cast");
    this.#built = { ...this.#running, btf, cast };
    return this.#built;
  }

  /** The attachment holds the program. */
  #attach(tracepoint: string, code: Buffer, mayBeMissing = false): void {
    const program = loadProgram(tracepoint, code);
    try {
      this.#links.set(tracepoint, attachRawTracepoint(tracepoint, program));
    } catch (error) {
      if (!(mayBeMissing && error instanceof SystemError && error.code === "ENOENT")) throw error;
    } finally {
      libc().close(program);
    }
  }

  #hook(): Hooked {
    const namesCache = (): bigint => this.#interest.view.getBigUint64(INTEREST.namesCache, true);
    return hookCopies(this.#target(), (fd) => this.#keep(fd), namesCache);
  }

  #keep(fd: number): number {
    this.#descriptors.push(fd);
    return fd;
  }

  /** The table that turns call numbers into codes, for the events that name the call. */
  #numberCalls(): void {
    for (const { code, index, number } of this.#calls) {
      this.#interest.view.setUint16(INTEREST.codes + 4 * index, code, true);
      this.#interest.view.setUint16(INTEREST.codes + 4 * index + 2, number, true);
    }
  }

  /** This process's id in the initial pid namespace, which is what the probe compares with. */
  #ownPid(): number {
    const asm = new Assembler();
    asm.call(HELPER.currentPidTgid);
    asm.alu("shr", R0, 32);
    asm.exit();
    const program = loadProgram("own_pid", asm.finish());
    try {
      return runProgram(program);
    } catch {
      // Before Linux 5.10 such programs can't be run at will; in the initial namespace this is the same number.
      return process.pid;
    } finally {
      libc().close(program);
    }
  }

  /** Captures exactly these (codes of the syscall table), of which filters may leave out some calls. Programs are loaded when first needed. Throws FalcoError. */
  setTraced(codes: ReadonlySet<number>, filters: ReadonlyMap<number, CallFilter> = new Map()): void {
    try {
      this.#trace(codes, filters);
    } finally {
      this.#built = undefined;
    }
  }

  #trace(codes: ReadonlySet<number>, filters: ReadonlyMap<number, CallFilter>): void {
    const begins = this.descriptors.follow([...filters.values()].some(({ follows }) => follows));
    const flags = new Uint8Array(MAX_SYSCALLS);
    for (const { code, exit, index } of this.#calls) {
      if (!codes.has(code)) continue;
      const filter = filters.get(code) ?? {};
      const program = this.#syscallProgram(exit, filter);
      if (program === undefined) continue;
      updateMap(this.#running.maps.programs, index, Buffer.from(new Uint32Array([program]).buffer));
      want(flags, index, { successOnly: dropsFailures(filter), copies: this.#takesCopies(exit) });
    }
    // Copies of calls that are not seen to end are void from one of these moments on, whenever the calls see the new flags.
    this.#nextGeneration();
    this.#interest.bytes.set(flags, INTEREST.flags);
    this.#nextGeneration();
    if (begins) this.descriptors.begin();
    this.#traceTracepoints(codes);
  }

  #nextGeneration(): void {
    const { view } = this.#interest;
    view.setUint32(INTEREST.generation, view.getUint32(INTEREST.generation, true) + 1, true);
  }

  #takesCopies(id: EventId): boolean {
    if (!this.#running.copies) return false;
    let takes = this.#copying.get(id);
    if (takes === undefined) {
      takes = takesCopies(this.#target(), this.#fillers[id]!);
      this.#copying.set(id, takes);
    }
    return takes;
  }

  #syscallProgram(id: EventId, filter: CallFilter): number | undefined {
    const filler = this.#fillers[id];
    if (!filler) return undefined;
    const key = `${id} ${JSON.stringify(filter)}`;
    let program = this.#programs.get(key);
    if (program === undefined) {
      const code = eventProgram(this.#target(), id, filler, filter);
      program = this.#keep(loadProgram(EVENTS[EVENT[id]]!.name, code));
      this.#programs.set(key, program);
    }
    return program;
  }

  #traceTracepoints(codes: ReadonlySet<number>): void {
    const names = new Set(Array.from(codes, (code) => SYSCALLS[code]?.name));
    for (const { tracepoint, event, filler, ...when } of TRACEPOINT_FILLERS) {
      if (when.unlessChildReturns && this.#running.arch.childReturns) continue;
      const link = this.#links.get(tracepoint);
      const wanted = when.wantedBy.some((name) => names.has(name));
      if (wanted && link === undefined) {
        this.#attach(tracepoint, eventProgram(this.#target(), event, filler), when.mayBeMissing);
      } else if (!wanted && link !== undefined) {
        libc().close(link);
        this.#links.delete(tracepoint);
      }
    }
  }

  /** Hands over what is pending, at most `limit` events. */
  drain(sink: Sink, limit: number): number {
    return this.#ring.drain(sink, limit);
  }

  /** Events handed over that had to be moved out of the ring buffer, to make room in it, before there was time for them. */
  get postponed(): number {
    return this.#ring.postponed;
  }

  /** Bytes of events waiting. */
  get pending(): number {
    return this.#ring.pending;
  }

  /** Blocks until something is pending, another thread calls, or the time is over. Returns whether it was called. */
  wait(timeoutMs: number): boolean {
    return this.#ring.wait(timeoutMs);
  }

  /** As `wait`, for so many bytes. */
  gather(timeoutMs: number, bytes: number): boolean {
    return this.#ring.gather(timeoutMs, bytes);
  }

  /** Events lost since the start, by cause; all causes are there. */
  losses(): Record<string, number> {
    return this.#losses.byCause();
  }

  /** Events handed over and lost, by CPU number. */
  perCpu(): CpuStats[] {
    const { perCpu } = this.#ring;
    return Array.from(perCpu, (events, cpu) => ({ events, drops: this.#losses.ofCpu(cpu) }));
  }

  close(): void {
    for (const fd of [...this.#links.values(), ...this.#descriptors.reverse()]) libc().close(fd);
    this.#links.clear();
    this.#descriptors.length = 0;
    this.#ring?.close();
    this.#losses?.close();
    this.#interest?.unmap();
  }
}
