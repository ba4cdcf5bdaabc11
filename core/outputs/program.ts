import { closeSync } from "node:fs";
import type { Subprocess } from "bun";
import { closeFd, openPipe } from "../ffi/pipe.ts";
import type { Delivery, Message, Output } from "./output.ts";
import { writeLines } from "./stream-writer.ts";

export interface ProgramOptions {
  /** Command for `sh -c`. */
  readonly program: string;
  /** One process for all alerts instead of one each. */
  readonly keep_alive: boolean;
}

interface Child {
  readonly process: Subprocess;
  /** Our end of the pipe to its standard input. */
  readonly input: number;
  readonly born: number;
}

/** How long a program may take to end once its input has ended. */
const FAREWELL_MS = 1000;
/** A program that ended sooner than this is not started again before as much time has passed. */
const SHORT_LIFE_MS = 1000;

/** Alerts as lines on a program's standard input. Its own output goes where falco's goes. */
export function programOutput({ program, keep_alive: keepAlive }: ProgramOptions): Output {
  let child: Child | undefined;
  let closed = false;
  let notBefore = 0;

  const start = (): Child => {
    const { readEnd, writeEnd } = openPipe();
    try {
      // Its own session, so that Ctrl-C in a terminal does not take it away before the last alerts are written.
      const spawned = Bun.spawn(["sh", "-c", program], {
        env: process.env,
        stdin: readEnd,
        stdout: "inherit",
        stderr: "inherit",
        detached: true,
      });
      return { process: spawned, input: writeEnd, born: performance.now() };
    } catch (error) {
      closeFd(writeEnd);
      throw error;
    } finally {
      closeSync(readEnd);
    }
  };
  const bury = (dead: Child): void => {
    closeFd(dead.input);
    // One that closed its input but runs on would be joined by another each time.
    if (dead.process.exitCode === null) signalGroup(dead.process.pid);
    if (child === dead) child = undefined;
    if (performance.now() - dead.born < SHORT_LIFE_MS) notBefore = performance.now() + SHORT_LIFE_MS;
  };
  const living = (): Child => {
    if (child && child.process.exitCode === null && child.process.signalCode === null) return child;
    if (child) bury(child);
    if (performance.now() < notBefore) throw new Error(`the program ended at once: ${program.slice(0, 40)}`);
    child = start();
    return child;
  };

  /** Writes to the running program; one that died meanwhile is started again once. */
  const writeKept = async (messages: readonly Message[]): Promise<Delivery> => {
    let delivered = 0;
    for (let attempt = 0; ; attempt++) {
      const current = living();
      const result = await writeLines(current.input, messages.slice(delivered), () => closed);
      delivered += result.delivered;
      if (result.error === undefined) return { delivered };
      if (closed) return { delivered, error: result.error };
      bury(current);
      if (attempt > 0) return { delivered, error: result.error };
    }
  };

  const writeOnce = async (messages: readonly Message[]): Promise<Delivery> => {
    const current = start();
    child = current;
    const result = await writeLines(current.input, messages, () => closed);
    closeFd(current.input);
    const status = await current.process.exited;
    child = undefined;
    if (result.error !== undefined) return result;
    return status === 0
      ? result
      : { delivered: 0, error: new Error(`the program ended with status ${status}`) };
  };

  let busy: Promise<unknown> | undefined;
  const write = (messages: readonly Message[]): Promise<Delivery> => {
    const work = keepAlive ? writeKept(messages) : writeOnce(messages);
    busy = work.catch(() => undefined);
    return work;
  };
  /** Ends the input and waits for the program to end by itself, for a while. Nothing may be writing to it. */
  const stop = async (): Promise<void> => {
    const last = child;
    if (!last) return;
    closeFd(last.input);
    child = undefined;
    const kill = setTimeout(() => signalGroup(last.process.pid), FAREWELL_MS);
    await last.process.exited;
    clearTimeout(kill);
  };

  return {
    name: "program",
    batch: keepAlive ? 256 : 1,
    write,
    reopen: stop,
    async close() {
      closed = true;
      // A write to a full pipe ends by itself now; one that waits for its program's end is helped along.
      const kill = setTimeout(() => child && signalGroup(child.process.pid), FAREWELL_MS);
      await busy;
      clearTimeout(kill);
      await stop();
    },
  };
}

/** Ends the shell and what it started; SIGKILL, for the one that ignores its input may ignore SIGTERM too. */
function signalGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in this very moment.
  }
}
