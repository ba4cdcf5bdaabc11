import { renameSync, rmSync } from "node:fs";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { EventCursor } from "../../event/cursor.ts";
import type { State } from "../../state/state.ts";
import { ScapWriter } from "./scap-writer.ts";
import { snapshot } from "./snapshot.ts";

export interface RecorderOptions {
  readonly path: string;
  readonly compress: boolean;
  /** Bytes of one file; 0 for no limit. */
  readonly maxBytes: number;
  /** Seconds of events that are recorded in all; 0 for no limit. */
  readonly maxSeconds: number;
  /**
   * Files to keep when one has reached `maxBytes`: the newest is at `path`, older ones at `path.1`, `path.2`, …
   * With 0 the recording ends instead.
   */
  readonly rotate: number;
}

/** Records events into capture files, within limits of size and duration. */
export class Recorder {
  readonly #state: State;
  readonly #options: RecorderOptions;
  #writer: ScapWriter | undefined;
  #firstTime: bigint | undefined;
  #events = 0;
  #files = 0;
  #done = false;

  constructor(state: State, options: RecorderOptions) {
    if (options.rotate > 0 && options.maxBytes === 0) {
      throw new FalcoError("RECORD_OPTIONS", "Cannot rotate captures: nothing says how large one may get", {
        hint: "give a size limit too",
      });
    }
    this.#state = state;
    this.#options = options;
  }

  /** True when a limit was reached: nothing is recorded any more. */
  get done(): boolean {
    return this.#done;
  }

  get events(): number {
    return this.#events;
  }

  /** Files written so far, those rotated away included. */
  get files(): number {
    return this.#files;
  }

  /** Records the current event; what is known at the first one of a file goes before it. */
  record(event: EventCursor): void {
    if (this.#done) return;
    const { maxBytes, maxSeconds, rotate } = this.#options;
    const time = event.time;
    this.#firstTime ??= time;
    if (maxSeconds > 0 && time - this.#firstTime >= BigInt(Math.round(maxSeconds * 1e9))) {
      this.close();
      return;
    }
    this.#writer ??= this.#start(time);
    this.#writer.event(event.bytes, event.view, event.offset, event.cpu);
    this.#events++;
    if (maxBytes === 0 || this.#writer.bytes < maxBytes) return;
    // What is not compressed yet counts in full; only the compressed size says whether the limit is reached.
    this.#writer.flush();
    if (this.#writer.bytes < maxBytes) return;
    if (rotate === 0) this.close();
    else this.#closeFile();
  }

  #start(time: bigint): ScapWriter {
    const { path, compress, rotate } = this.#options;
    if (this.#files > 0) rotateFiles(path, rotate);
    const writer = new ScapWriter(path, { compress });
    snapshot(this.#state, writer, time);
    this.#files++;
    return writer;
  }

  #closeFile(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }

  /** Ends the recording and brings everything to the file. */
  close(): void {
    this.#done = true;
    this.#closeFile();
  }
}

/** Moves `path` to `path.1`, that to `path.2` and so on; what exceeds `keep` files is removed. */
function rotateFiles(path: string, keep: number): void {
  const name = (i: number): string => (i === 0 ? path : `${path}.${i}`);
  try {
    rmSync(name(keep - 1), { force: true });
    for (let i = keep - 2; i >= 0; i--) renameIfThere(name(i), name(i + 1));
  } catch (error) {
    throw new FalcoError("CAPTURE_WRITE", `Cannot rotate capture ${path}: ${reasonOf(error)}`, {
      hint: "the directory must allow files to be renamed and removed",
      cause: error,
    });
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
