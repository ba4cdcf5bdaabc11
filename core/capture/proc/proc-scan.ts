import { cpus, hostname, networkInterfaces, totalmem } from "node:os";
import ipaddr from "ipaddr.js";
import type { SeedSink } from "../../event/source.ts";
import { ProcFds } from "./proc-fds.ts";
import { listDirectory } from "./proc-files.ts";
import { ProcThreads } from "./proc-thread.ts";

/** Finds out from /proc what runs already, and later what an event's unknown thread is. */
export class ProcScan {
  readonly #proc: string;
  readonly #bootTime: bigint;
  readonly #threads: ProcThreads;
  readonly #fds: ProcFds;

  /** `hostRoot` is where the host's root is mounted when running in a container; `bootTime` in nanoseconds since the epoch. */
  constructor(bootTime: bigint, hostRoot: string = process.env.HOST_ROOT ?? "") {
    this.#proc = `${hostRoot}/proc`;
    this.#bootTime = bootTime;
    this.#threads = new ProcThreads(this.#proc, bootTime);
    this.#fds = new ProcFds(this.#proc);
  }

  /** Hands over the machine and its addresses. */
  machine(sink: SeedSink): void {
    sink.machine({
      hostname: hostname(),
      cpus: cpus().length,
      memoryBytes: BigInt(totalmem()),
      bootTime: this.#bootTime,
    });
    this.#interfaces(sink);
  }

  /** Hands over the machine, all threads and all descriptors. */
  scan(sink: SeedSink): void {
    this.machine(sink);
    for (const _ of this.processes(sink));
  }

  /** Hands over all threads and descriptors, a process at each step. */
  *processes(sink: SeedSink): Generator<void> {
    for (const name of listDirectory(this.#proc)) {
      if (!/^\d+$/.test(name)) continue;
      this.#process(sink, Number(name));
      yield;
    }
    this.#fds.forget();
  }

  /** Hands over one thread that turned up in an event, with its process and descriptors; nothing if it is gone. */
  scanThread(tid: number, sink: SeedSink): void {
    const pid = this.#threads.processOf(tid);
    if (pid === undefined) return;
    const leader = this.#threads.process(pid);
    if (!leader) return;
    sink.thread(leader);
    this.#fds.each(pid, (seed) => sink.fd(seed));
    this.#fds.forget();
    if (tid === pid) return;
    const thread = this.#threads.thread(leader, tid);
    if (thread) sink.thread(thread);
  }

  /** Hands over these descriptors of a process, as far as they are open. */
  scanFds(pid: number, fds: readonly number[], sink: SeedSink): void {
    this.#fds.some(pid, fds, (seed) => sink.fd(seed));
    this.#fds.forget();
  }

  #process(sink: SeedSink, pid: number): void {
    const leader = this.#threads.process(pid);
    if (!leader) return;
    sink.thread(leader);
    this.#fds.each(pid, (seed) => sink.fd(seed));
    for (const name of listDirectory(`${this.#proc}/${pid}/task`)) {
      const thread = Number(name) === pid ? undefined : this.#threads.thread(leader, Number(name));
      if (thread) sink.thread(thread);
    }
  }

  #interfaces(sink: SeedSink): void {
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      for (const { address, netmask } of addresses ?? []) {
        sink.interface({ name, ip: ipBytes(address), netmask: ipBytes(netmask) });
      }
    }
  }
}

const ipBytes = (text: string): Uint8Array => Uint8Array.from(ipaddr.parse(text).toByteArray());
