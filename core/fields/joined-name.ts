// hot path
import { joinPath } from "../event/path.ts";

const MAX_NAMES = 4096;
const MAX_LENGTH = 256;

const byBase = new Map<string, Map<string, string>>();
let count = 0;

/**
 * `joinPath`, remembered: programs look for the same files in the same places again and again, and the very same
 * string as before has its hash worked out already.
 */
export function joinedName(base: string, path: string): string {
  const joined = byBase.get(base)?.get(path);
  return joined ?? remember(base, path);
}

function remember(base: string, path: string): string {
  const joined = joinPath(base, path);
  if (base.length + path.length > MAX_LENGTH) return joined;
  if (count++ >= MAX_NAMES) {
    byBase.clear();
    count = 0;
  }
  const names = byBase.get(base);
  if (names) names.set(path, joined);
  else byBase.set(base, new Map([[path, joined]]));
  return joined;
}
