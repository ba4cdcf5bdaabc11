import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { AuditFeed } from "./audit-feed.ts";
import { eventLines } from "./event-lines.ts";
import type { Intake } from "./intake.ts";
import type { Lines } from "./lines.ts";

const PIECE = 1 << 16;
/** How often the file is looked at: asking for its size costs nothing, and works on any file system. */
const LOOK_MS = 100;

/**
 * Follows a file to which audit events are appended, a line each, from its end on. It may be replaced (rotated) or cut
 * off (`copytruncate`), and need not exist yet; a file that appears later is read from its start.
 */
export class AuditFileFollower implements AuditFeed {
  readonly #path: string;
  readonly #lines: Lines;
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  #fd: number | undefined;
  #inode = 0;
  #offset = 0;

  constructor(path: string, intake: Intake, maxLine: number) {
    this.#path = path;
    this.#lines = eventLines(path, intake, maxLine);
  }

  open(): void {
    if (this.#attach()) this.#offset = fstatSync(this.#fd!).size;
  }

  async fill(timeoutMs: number): Promise<boolean> {
    if (!this.#read() && timeoutMs > 0) await Bun.sleep(Math.min(timeoutMs, LOOK_MS));
    return true;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Opens the file that has the name now; false when there is none. */
  #attach(): boolean {
    try {
      this.#fd = openSync(this.#path, "r");
    } catch {
      // It is not there, or not yet readable: it is looked for again.
      return false;
    }
    this.#inode = fstatSync(this.#fd).ino;
    this.#offset = 0;
    return true;
  }

  /** Takes on a piece of what was appended; false when there was nothing. */
  #read(): boolean {
    if (this.#fd === undefined && !this.#attach()) return false;
    const fd = this.#fd!;
    if (fstatSync(fd).size < this.#offset) {
      this.#lines.end();
      this.#offset = 0;
    }
    const count = readSync(fd, this.#piece, 0, PIECE, this.#offset);
    if (count > 0) {
      this.#offset += count;
      this.#lines.add(this.#piece.subarray(0, count));
      return true;
    }
    // Read to its end: now another file may take its place.
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) return false;
    this.#lines.end();
    this.close();
    return this.#attach();
  }
}
