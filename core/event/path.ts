// hot path
import { isSeldom } from "../ffi/seldom.ts";
import { standsAlone } from "../ffi/stands-alone.ts";

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
  const known = lastJoins.get(path);
  if (known !== undefined && (absolute || known.base === base)) return known.joined;
  return remember(base, path, absolute);
}

interface Join {
  /** Of no meaning where the path is absolute. */
  readonly base: string;
  readonly joined: string;
}

const MAX_JOINS = 4096;
const MAX_LENGTH = 256;
/**
 * What was joined last, by path: programs look for the same files in the same places again and again, and the very same
 * text as before has its hash worked out already.
 */
const lastJoins = new Map<string, Join>();

function remember(base: string, path: string, absolute: boolean): string {
  const isPlainBelow = !absolute && base.endsWith("/") && !path.startsWith(".") && isPlain(path);
  const joined = isPlainBelow ? base + path : normalised(base, path, absolute);
  if (base.length + path.length > MAX_LENGTH) return joined;
  if (lastJoins.size >= MAX_JOINS && !lastJoins.has(path)) lastJoins.clear();
  lastJoins.set(path, { base, joined });
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

isSeldom(normalised, remember);
standsAlone(joinPath);

const SLOTS = 1024;
/** Paths that were found plain: programs open the same files again and again, and a cache gives the very same text for them. */
const plain: string[] = new Array(SLOTS).fill("/");

function isKnownPlain(path: string): boolean {
  const last = path.length - 1;
  const slot =
    (Math.imul(last, 31) ^
      (path.charCodeAt(last) << 5) ^
      (path.charCodeAt(last >> 1) << 2) ^
      path.charCodeAt((last * 3) >> 2)) &
    (SLOTS - 1);
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
