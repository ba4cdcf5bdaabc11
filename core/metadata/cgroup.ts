/**
 * Tells the container from a control group path. Each engine looks for its own marks; the first that finds
 * an id in the first path wins. Full ids are 64 characters; the first 12 are what the world calls them by.
 */
const FULL_ID = 64;
const SHORT_ID = 12;
/** Hex is checked within the first 64 characters of the path only, as the reference does. */
const HEX_CHECKED = 64;
const PATHS_CACHED = 20_000;

/** The text of an id that a path holds. */
type Engine = (path: string) => string | undefined;

export interface ContainerMatch {
  /** What the container is called by: the first 12 characters of ids of runc's kind, other ids whole. */
  readonly id: string;
  readonly fullId: string;
  /** The engine whose mark it was; docker and CRI share one form, and the runtime tells which it is. */
  readonly type: string;
}

/** A full id between the last `prefix` and the last `suffix`; an empty suffix means the end of the path. */
function between(prefix: string, suffix = ""): Engine {
  return (path) => {
    const start = path.lastIndexOf(prefix);
    const end = suffix === "" ? path.length : path.lastIndexOf(suffix);
    if (start < 0 || end < 0 || end - start - prefix.length !== FULL_ID) return undefined;
    const from = start + prefix.length;
    if (/[^0-9a-fA-F]/.test(path.slice(from, Math.max(from, Math.min(end, HEX_CHECKED))))) return undefined;
    return path.slice(from, from + FULL_ID);
  };
}

const CONMON = "/libpod_parent/conmon";

/** ctr puts containers below their namespace: `/name/id`. Units of systemd and podman's monitors look alike and are none. */
const containerd: Engine = (path) => {
  if (path.endsWith(CONMON)) return undefined;
  const match = /\/[a-zA-Z0-9]+(?:[._-]+[a-zA-Z0-9]+)*\//.exec(path);
  if (!match) return undefined;
  const start = path.lastIndexOf(match[0]) + match[0].length;
  const id = path.slice(start);
  if (id === "" || id.length > FULL_ID || /\.(service|slice|scope)$/.test(path)) return undefined;
  return id;
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

const mesos: Engine = (path) => /\/mesos\/([0-9a-fA-F-]{36})$/.exec(path)?.[1];

/** systemd in a pod has a service for each app, and the scope of the pod's machine bears its id, escaped. */
const rkt: Engine = (path) => {
  const match =
    /\/machine-rkt\\x2d([0-9a-fA-F]{8}(?:(?:\\x2d|-)[0-9a-fA-F]+){4})\.scope\/.*?([^/]+)\.service$/.exec(
      path,
    );
  return match ? `${match[1]!.replaceAll("\\x2d", "-")}:${match[2]}` : undefined;
};

const bpm: Engine = (path) => {
  const start = path.indexOf("bpm-");
  if (start < 0) return undefined;
  const scope = path.indexOf(".scope", start);
  const id = path.slice(start + "bpm-".length, scope < 0 ? undefined : scope);
  return /^[A-Za-z0-9._-]+$/.test(id) ? id : undefined;
};

const engines = (type: string, ...found: readonly Engine[]): (readonly [string, Engine])[] =>
  found.map((engine) => [type, engine]);

// Order is meaning: a bare `/<id>` is docker's before it is anybody else's, and what ctr's form would take too
// is first looked at by those who know it better.
const ENGINES: readonly (readonly [type: string, engine: Engine])[] = [
  ...engines(
    "podman",
    between("/libpod-", ".scope"),
    between("/libpod-", ".scope/container"),
    between("/libpod-"),
    between("/libpod-payload-", ".scope"),
    between("/libpod-payload-", ".scope/container"),
    between("/libpod-payload-"),
  ),
  ...engines("docker", between("/"), between("/docker-", ".scope")),
  ...engines(
    "cri",
    between("/crio-"),
    between("/cri-containerd-", ".scope"),
    between("/crio-", ".scope"),
    between(":cri-containerd:"),
    between("/nerdctl-", ".scope"),
  ),
  ...engines("mesos", mesos),
  ...engines("rkt", rkt),
  ...engines("libvirt-lxc", libvirtLxc),
  ...engines("lxc", untilSlash("/lxc/"), untilSlash("/lxc.payload/"), untilSlash("/lxc.payload.")),
  ...engines("containerd", containerd),
  ...engines("bpm", bpm),
];
/** Engines whose ids are shown whole. */
const WHOLE_ID: ReadonlySet<string> = new Set(["mesos", "rkt", "lxc", "libvirt-lxc", "bpm"]);

const cache = new Map<string, ContainerMatch | undefined>();

function matchPath(path: string): ContainerMatch | undefined {
  if (cache.has(path)) return cache.get(path);
  let match: ContainerMatch | undefined;
  for (const [type, engine] of ENGINES) {
    const fullId = engine(path);
    if (fullId === undefined) continue;
    const id = WHOLE_ID.has(type) ? fullId : fullId.slice(0, SHORT_ID);
    if (id !== "") match = { id, fullId, type };
    break;
  }
  if (cache.size >= PATHS_CACHED) cache.delete(cache.keys().next().value!);
  cache.set(path, match);
  return match;
}

/** Lists of control groups are shared by processes, so most are the very ones seen before. */
const byList = new WeakMap<readonly string[], { readonly match: ContainerMatch | undefined }>();
/** And most of all the last one: a process and what it starts are in the same groups. */
let lastList: readonly string[] = [];
let lastMatch: ContainerMatch | undefined;

/** The container that control groups (`subsystem=path`) place a thread in; undefined on the host. */
export function containerOfCgroups(cgroups: readonly string[]): ContainerMatch | undefined {
  if (cgroups === lastList) return lastMatch;
  const known = byList.get(cgroups);
  const match = known ? known.match : firstMatch(cgroups);
  if (!known) byList.set(cgroups, { match });
  lastList = cgroups;
  lastMatch = match;
  return match;
}

function firstMatch(cgroups: readonly string[]): ContainerMatch | undefined {
  for (const line of cgroups) {
    const match = matchPath(line.slice(line.indexOf("=") + 1));
    if (match) return match;
  }
  return undefined;
}
