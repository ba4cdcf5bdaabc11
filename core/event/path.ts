// hot path
import { noFTL } from "bun:jsc";

const MAX_PATH = 1024;
const SLASH = 0x2f;
const DOT = 0x2e;
const TOO_LONG = "/DIR_TOO_LONG/FILENAME_TOO_LONG";

/**
 * Joins a path to the directory it is relative to. Only the path part is normalised (`//`, `.`, `..`, trailing
 * slash); the base is taken as it is, though `..` may eat into it. Symbolic links are not followed: what the
 * program asked for is what is reported.
 */
export function joinPath(base: string, path: string): string {
  const absolute = path === "" || path.charCodeAt(0) === SLASH;
  if ((absolute ? 0 : base.length) + path.length >= MAX_PATH) return TOO_LONG;
  // Nearly every path is plain: no work to do.
  if (absolute && path !== "" && isKnownPlain(path)) return path;
  const slot = slotOf(path);
  if (lastPaths[slot] === path && lastBases[slot] === base) return lastJoined[slot]!;
  const joined =
    !absolute && base.endsWith("/") && !path.startsWith(".") && isPlain(path)
      ? base + path
      : normalised(base, path, absolute);
  lastPaths[slot] = path;
  lastBases[slot] = base;
  lastJoined[slot] = joined;
  return joined;
}

/** The part of `joinPath` that few paths need; apart, it does not burden the compiled form of what all need. */
function normalised(base: string, path: string, absolute: boolean): string {
  let text = absolute ? "" : base;
  const rooted = absolute ? path.startsWith("/") : base.startsWith("/");
  if (absolute && rooted) text = "/";
  const floor = rooted ? 1 : 0;
  const parts = path.split("/");
  // Without a slash between them, the path's first part continues the base's last name, whatever it is.
  if (!absolute && base !== "" && !base.endsWith("/")) text += `${parts.shift()}/`;
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      const trimmed = text.endsWith("/") ? text.slice(0, -1) : text;
      text = text.slice(0, Math.max(floor, trimmed.lastIndexOf("/") + 1));
      continue;
    }
    text += `${part}/`;
  }
  return text.length > 1 && text.endsWith("/") ? text.slice(0, -1) : text;
}

noFTL(normalised);

const SLOTS = 1024;
/** What was joined last, by path: the same again is the very same text, of which the JavaScript engine knows the hash. */
const lastPaths: string[] = new Array(SLOTS).fill("/");
const lastBases: string[] = new Array(SLOTS).fill("");
const lastJoined: string[] = new Array(SLOTS).fill("/");
/** Paths that were found plain: programs open the same files again and again, and a cache gives the very same text for them. */
const plain: string[] = new Array(SLOTS).fill("/");

function slotOf(path: string): number {
  const { length } = path;
  return (
    (Math.imul(length, 31) ^ (path.charCodeAt(length - 1) << 5) ^ path.charCodeAt(length >> 1)) & (SLOTS - 1)
  );
}

function isKnownPlain(path: string): boolean {
  const slot = slotOf(path);
  if (plain[slot] === path) return true;
  if (!isPlain(path)) return false;
  plain[slot] = path;
  return true;
}

/** True for a path that normalising would not change, unless it begins with a dot. */
function isPlain(path: string): boolean {
  const last = path.length - 1;
  // One walk in generated code: each of the native searches costs as much.
  for (let i = 0; i < last; i++) {
    if (path.charCodeAt(i) !== SLASH) continue;
    const next = path.charCodeAt(i + 1);
    if (next === SLASH || next === DOT) return false;
  }
  return last === 0 || path.charCodeAt(last) !== SLASH;
}
