/**
 * Tells the container from a control group path. Each engine looks for its own marks; the first that finds
 * an id in the first path wins. Full ids are 64 characters; the first 12 are what the world calls them by.
 */
const FULL_ID = 64;
const SHORT_ID = 12;
/** Hex is checked within the first 64 characters of the path only, as the reference does. */
const HEX_CHECKED = 64;
const PATHS_CACHED = 20_000;

type Engine = (path: string) => string | undefined;

/** A full id between the last `prefix` and the last `suffix`; an empty suffix means the end of the path. */
function between(prefix: string, suffix = ""): Engine {
  return (path) => {
    const start = path.lastIndexOf(prefix);
    const end = suffix === "" ? path.length : path.lastIndexOf(suffix);
    if (start < 0 || end < 0 || end - start - prefix.length !== FULL_ID) return undefined;
    const from = start + prefix.length;
    if (/[^0-9a-fA-F]/.test(path.slice(from, Math.max(from, Math.min(end, HEX_CHECKED))))) return undefined;
    return path.slice(from, from + SHORT_ID);
  };
}

/** ctr puts containers below their namespace: `/name/id`. Units of systemd look alike and are none. */
const containerd: Engine = (path) => {
  const match = /\/[a-zA-Z0-9]+(?:[._-]+[a-zA-Z0-9]+)*\//.exec(path);
  if (!match) return undefined;
  const start = path.lastIndexOf(match[0]) + match[0].length;
  const id = path.slice(start);
  if (id === "" || id.length > FULL_ID || /\.(service|slice|scope)$/.test(path)) return undefined;
  return id.slice(0, SHORT_ID);
};

/** The text from the end of `mark` up to the next slash. */
function untilSlash(mark: string): Engine {
  return (path) => {
    const start = path.indexOf(mark);
    if (start < 0) return undefined;
    const from = start + mark.length;
    const slash = path.indexOf("/", from);
    return path.slice(from, slash < 0 ? undefined : slash);
  };
}

const LIBVIRT_SUFFIX = ".libvirt-lxc";
const LIBVIRT_MARK = "-lxc\\x2";
const libvirtLxc: Engine = (path) => {
  if (path.endsWith(LIBVIRT_SUFFIX)) return path.slice(path.lastIndexOf("/") + 1, -LIBVIRT_SUFFIX.length);
  const start = path.indexOf(LIBVIRT_MARK);
  const end = [".scope/libvirt", ".scope"].map((suffix) =>
    path.endsWith(suffix) ? path.length - suffix.length : -1,
  );
  const at = Math.max(...end);
  if (start >= 0 && at >= 0) return path.slice(start + LIBVIRT_MARK.length + 1, at);
  return untilSlash("/libvirt/lxc/")(path);
};

const bpm: Engine = (path) => {
  const start = path.indexOf("bpm-");
  if (start < 0) return undefined;
  const scope = path.indexOf(".scope", start);
  const id = path.slice(start + "bpm-".length, scope < 0 ? undefined : scope);
  return /^[A-Za-z0-9._-]+$/.test(id) ? id : undefined;
};

// Order is meaning: a bare `/<id>` is docker's before it is anybody else's.
const ENGINES: readonly Engine[] = [
  between("/libpod-", ".scope"),
  between("/libpod-", ".scope/container"),
  between("/libpod-"),
  between("/libpod-payload-", ".scope"),
  between("/libpod-payload-", ".scope/container"),
  between("/libpod-payload-"),
  between("/"),
  between("/docker-", ".scope"),
  between("/crio-"),
  between("/cri-containerd-", ".scope"),
  between("/crio-", ".scope"),
  between(":cri-containerd:"),
  between("/nerdctl-", ".scope"),
  containerd,
  untilSlash("/lxc/"),
  untilSlash("/lxc.payload/"),
  untilSlash("/lxc.payload."),
  libvirtLxc,
  bpm,
];

const cache = new Map<string, string>();

/** Short id of the container that a path belongs to; empty when it is none's. */
function idOfPath(path: string): string {
  const known = cache.get(path);
  if (known !== undefined) return known;
  let id = "";
  for (const engine of ENGINES) {
    const found = engine(path);
    if (found === undefined) continue;
    id = found;
    break;
  }
  if (cache.size >= PATHS_CACHED) cache.delete(cache.keys().next().value!);
  cache.set(path, id);
  return id;
}

/** Short id of the container that control groups (`subsystem=path`) place a thread in; empty for the host. */
export function containerIdOf(cgroups: readonly string[]): string {
  for (const line of cgroups) {
    const id = idOfPath(line.slice(line.indexOf("=") + 1));
    if (id !== "") return id;
  }
  return "";
}
