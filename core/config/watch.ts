import { existsSync, type FSWatcher, readdirSync, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { reasonOf } from "../errors.ts";

export interface WatchOptions {
  /** Files whose content matters. They need not exist. */
  readonly files: readonly string[];
  /** Directories in which any file matters. */
  readonly directories: readonly string[];
  /** Called once after a burst of changes has ended. */
  readonly onChange: () => void;
  /** A directory that cannot be watched; the others are. */
  readonly onError: (message: string) => void;
  readonly quietMs?: number;
  /** Milliseconds since 1970 at which the files were read: what has changed since counts as a change. */
  readonly since?: number;
}

/** Editors write in several steps, and a ConfigMap swaps all its files at once. */
const QUIET_MS = 200;
/** How often directories that did not exist are looked for, and watched ones are checked for having been replaced. */
const PATROL_MS = 2000;
/** The kernel stamps files with a clock that ticks this seldom. */
const CLOCK_TICK_MS = 10;

/**
 * Watches configuration and rules. Always the directories, never the files: a watch on a file is lost when the file is
 * replaced by renaming, and a mounted ConfigMap changes by swapping the link `..data` beside the files.
 */
export class ConfigWatcher {
  readonly #options: WatchOptions;
  /** Names that matter by directory; undefined means all of them. */
  readonly #wanted = new Map<string, Set<string> | undefined>();
  readonly #watchers = new Map<string, { watcher: FSWatcher; inode: number }>();
  readonly #patrol: ReturnType<typeof setInterval>;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    for (const directory of options.directories) this.#wanted.set(resolve(directory), undefined);
    for (const file of options.files) {
      this.#want(resolve(file));
      const target = linkTarget(file);
      if (target !== undefined) this.#want(target);
    }
    for (const directory of this.#wanted.keys()) this.#attach(directory, false);
    this.#patrol = setInterval(() => this.#look(), PATROL_MS);
    this.#patrol.unref();
    const { since } = options;
    if (since !== undefined && this.#changedSince(since - CLOCK_TICK_MS)) this.#notify();
  }

  close(): void {
    clearInterval(this.#patrol);
    clearTimeout(this.#quiet);
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #want(file: string): void {
    const directory = dirname(file);
    if (!this.#wanted.has(directory)) this.#wanted.set(directory, new Set());
    this.#wanted.get(directory)?.add(basename(file));
  }

  #attach(directory: string, late: boolean): void {
    const found = statSync(directory, { throwIfNoEntry: false });
    if (!found?.isDirectory()) return;
    try {
      const watcher = watch(directory, (_, name) => this.#changed(directory, name));
      watcher.on("error", (error) => this.#options.onError(`Cannot watch ${directory}: ${reasonOf(error)}`));
      // The program need not go on for the sake of a watch.
      watcher.unref();
      this.#watchers.set(directory, { watcher, inode: found.ino });
      if (late) this.#notify();
    } catch (error) {
      this.#options.onError(`Cannot watch ${directory}: ${reasonOf(error)}`);
    }
  }

  #changed(directory: string, name: string | null): void {
    const names = this.#wanted.get(directory);
    // `..data` is the link a ConfigMap volume swaps; hidden files beside it are its machinery, or an editor's.
    if (name === null || name === "..data" || (names ? names.has(name) : !name.startsWith(".")))
      this.#notify();
  }

  /** Has a file been written or replaced, or a directory's content changed, since a time? */
  #changedSince(time: number): boolean {
    const { files, directories } = this.#options;
    const within = directories.flatMap((directory) =>
      existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [],
    );
    return [...files, ...directories, ...within].some(
      (path) => (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0) > time,
    );
  }

  #notify(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(this.#options.onChange, this.#options.quietMs ?? QUIET_MS);
    this.#quiet.unref();
  }

  /** A directory that appeared, vanished or was replaced is a change too. */
  #look(): void {
    for (const directory of this.#wanted.keys()) {
      const watched = this.#watchers.get(directory);
      const inode = statSync(directory, { throwIfNoEntry: false })?.ino;
      if (watched?.inode === inode) continue;
      watched?.watcher.close();
      this.#watchers.delete(directory);
      if (inode === undefined) this.#notify();
      else this.#attach(directory, true);
    }
  }
}

/**
 * The file behind a link, which is written to where it lies. Not that of a ConfigMap volume (`..2026_01_01/x`): it never
 * changes, and goes away after each swap.
 */
function linkTarget(file: string): string | undefined {
  try {
    const target = realpathSync(file);
    return target === resolve(file) || target.split("/").some((part) => part.startsWith(".."))
      ? undefined
      : target;
  } catch {
    // It does not exist yet: its directory tells when it does.
    return undefined;
  }
}
