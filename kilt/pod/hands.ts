import type { Payload } from "./payload.ts";
import type { Started } from "./record.ts";

/** Ways to work inside a container: its own shell, or falco beside it. */
export interface Hands {
  /** Who does it, for the user to read. */
  readonly name: string;
  /** The ephemeral container, if one does it. */
  readonly agent?: string;
  /** Puts a file in its place at once; what stood there is kept beside it, to be put back. */
  upload(payload: Payload): Promise<void>;
  /** Starts a program that goes on by itself; its output goes to the container's log. */
  start(run: readonly string[]): Promise<Started>;
  /** Ends programs that still run, removes files and puts back what stood there. */
  undo(files: readonly string[], processes: readonly Started[]): Promise<void>;
}

/** What an earlier file is called while an upload stands in its place. */
export const KEPT = ".kilt-old";
/** What an upload is called until it is whole. */
export const PARTIAL = ".kilt-new";
