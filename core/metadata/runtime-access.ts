import { readdirSync } from "node:fs";
import { Json } from "./json.ts";
import { readRegularFile } from "./read-file.ts";

/** Asks a runtime over its socket; undefined when it has no answer. Throws when it can't be reached in time. */
export type HttpGet = (socket: string, path: string) => string | undefined;

const MAX_FILE = 8 << 20;
/** A runtime that did not answer is left alone for so long. */
const PAUSE_MS = 10_000;

/** The ways to what runtimes know: their files and their sockets, on the machine that is watched. */
export class RuntimeAccess {
  readonly #hostRoot: string;
  readonly #get: HttpGet;
  readonly #pausedUntil = new Map<string, number>();

  /** `hostRoot` is put before every path: where the host's file system is, when falco runs in a container. */
  constructor(hostRoot: string, get: HttpGet) {
    this.#hostRoot = hostRoot;
    this.#get = get;
  }

  /** A runtime's answer; undefined when there is none. */
  ask(socket: string, path: string): Json | undefined {
    const at = `${this.#hostRoot}${socket}`;
    if ((this.#pausedUntil.get(at) ?? 0) > Date.now()) return undefined;
    try {
      const body = this.#get(at, path);
      return body === undefined ? undefined : Json.parse(body);
    } catch {
      // No such runtime here, or one that hangs: the capture must not wait for it again and again.
      this.#pausedUntil.set(at, Date.now() + PAUSE_MS);
      return undefined;
    }
  }

  /** A file of JSON; undefined where this runtime does not run. */
  file(path: string): Json | undefined {
    const bytes = readRegularFile(`${this.#hostRoot}${path}`, MAX_FILE);
    return bytes && Json.parse(bytes.toString());
  }

  /** Names in a directory; none when there is no such directory. */
  names(path: string): readonly string[] {
    try {
      return readdirSync(`${this.#hostRoot}${path}`);
    } catch {
      // Absent where this runtime does not run.
      return [];
    }
  }
}
