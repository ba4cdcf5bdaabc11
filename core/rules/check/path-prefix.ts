// hot path
import { compileGlob } from "./glob.ts";

interface Level {
  readonly exact: Map<string, Level | true>;
  readonly globs: {
    readonly pattern: string;
    readonly matches: (text: string) => boolean;
    next: Level | true;
  }[];
}

const newLevel = (): Level => ({ exact: new Map(), globs: [] });
const split = (path: string): string[] => path.split("/").filter((part) => part !== "");

function add(level: Level, parts: readonly string[], at: number): void {
  const part = parts[at]!;
  const last = at === parts.length - 1;
  const isGlob = /[?*[]/.test(part);
  const glob = isGlob ? level.globs.find((g) => g.pattern === part) : undefined;
  const known = isGlob ? glob?.next : level.exact.get(part);
  // A shorter path that is already there covers this one; a shorter one coming later replaces the longer.
  if (known === true) return;
  const next: Level | true = last ? true : (known ?? newLevel());
  if (!isGlob) level.exact.set(part, next);
  else if (glob) glob.next = next;
  else level.globs.push({ pattern: part, matches: compileGlob(part), next });
  if (next !== true) add(next, parts, at + 1);
}

function search(level: Level, parts: readonly string[], at: number): boolean {
  if (at >= parts.length) return false;
  const exact = level.exact.get(parts[at]!);
  if (exact !== undefined && (exact === true || search(exact, parts, at + 1))) return true;
  let position = at;
  for (const glob of level.globs) {
    if (position >= parts.length) return false;
    if (!glob.matches(parts[position]!)) continue;
    // The reference steps on after a pattern that matched in vain, and tries the next one on the next part.
    position++;
    if (glob.next === true || search(glob.next, parts, position)) return true;
  }
  return false;
}

/**
 * The `pmatch` test: whether one of the paths is a component-wise prefix of the text. `/var/log` covers
 * `/var/log/x`, not `/var/logs`; `/` covers everything. Components with `?*[` are shell patterns.
 */
export function compilePathPrefix(paths: readonly string[]): (text: string) => boolean {
  const root = newLevel();
  let everything = false;
  for (const path of paths) {
    const parts = split(path);
    if (parts.length === 0) everything = true;
    else add(root, parts, 0);
  }
  if (everything) return () => true;
  return (text) => search(root, split(text), 0);
}
