import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../errors.ts";
import type { AuditFeed } from "./audit-feed.ts";
import { eventLines } from "./event-lines.ts";
import type { Intake } from "./intake.ts";
import type { Lines } from "./lines.ts";

const PIECE = 1 << 16;

const unreadable = (path: string, cause: unknown): FalcoError =>
  new FalcoError("PLUGIN_OPEN", `Cannot read audit events from ${path}: ${reasonOf(cause)}`, { cause });

/** Files of a directory, oldest first. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(directory, entry.name))
    .map((path) => ({ path, time: statSync(path).mtimeMs }))
    .sort((a, b) => a.time - b.time)
    .map(({ path }) => path);
}

/** Reads audit events, a line each, out of a file, or out of all files of a directory, and ends. */
export class AuditFileReader implements AuditFeed {
  readonly #path: string;
  readonly #lines: Lines;
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  #files: string[] = [];
  #fd: number | undefined;

  constructor(path: string, intake: Intake, maxLine: number) {
    this.#path = path;
    this.#lines = eventLines(path, intake, maxLine);
  }

  open(): void {
    try {
      this.#files = statSync(this.#path).isDirectory() ? filesIn(this.#path) : [this.#path];
      this.#next();
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
  }

  async fill(): Promise<boolean> {
    if (this.#fd === undefined) return false;
    try {
      const count = readSync(this.#fd, this.#piece);
      if (count > 0) this.#lines.add(this.#piece.subarray(0, count));
      else {
        this.#lines.end();
        this.#next();
      }
    } catch (cause) {
      throw unreadable(this.#path, cause);
    }
    return true;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #next(): void {
    this.close();
    const file = this.#files.shift();
    if (file !== undefined) this.#fd = openSync(file, "r");
  }
}
