import { joinPath } from "../event/path.ts";
import { EVENT } from "../schema/event-codes.ts";
import { EVENTS } from "../schema/events.ts";
import { FD } from "../state/fd.ts";
import { cwdOf, fdOf, resolveAt } from "../state/lookup.ts";
import { eventFd } from "./fd-entry.ts";
import { type Context, field, fieldClass } from "./field.ts";
import { paramString } from "./param-text.ts";

type Role = "name" | "source" | "target";
/** What a relative path is relative to. */
type Base =
  | "cwd"
  | "unknown"
  /** The name that opening it resolved to. */
  | "fd"
  /** The event's descriptor, when it is a directory. */
  | "directory"
  /** The directory parameter declared for the path. */
  | "dirfd";
interface Source {
  readonly param: string;
  readonly base: Base;
}
type Declared = Readonly<Partial<Record<Role, Source>>>;

const name = (param: string, base: Base = "cwd"): Declared => ({ name: { param, base } });
const pair = (source: string, target: string, base: Base = "cwd"): Declared => ({
  source: { param: source, base },
  target: { param: target, base },
});
/** Names the descriptor itself: fchmod and fchown. */
const FD_NAME = "";

const EVENTS_WITH_PATHS: Readonly<Partial<Record<number, Declared>>> = {
  [EVENT.SYSCALL_MKDIR_2_X]: name("path"),
  [EVENT.SYSCALL_MKDIRAT_X]: name("path", "directory"),
  [EVENT.SYSCALL_RMDIR_2_X]: name("path"),
  [EVENT.SYSCALL_UNLINK_2_X]: name("path"),
  [EVENT.SYSCALL_UNLINKAT_2_X]: name("name", "directory"),
  [EVENT.SYSCALL_OPEN_X]: name("name"),
  [EVENT.SYSCALL_OPENAT_2_X]: name("name", "fd"),
  [EVENT.SYSCALL_OPENAT2_X]: name("name", "fd"),
  [EVENT.SYSCALL_CHMOD_X]: name("filename"),
  [EVENT.SYSCALL_FCHMODAT_X]: name("filename", "directory"),
  [EVENT.SYSCALL_FCHMOD_X]: name(FD_NAME),
  [EVENT.SYSCALL_FCHOWN_X]: name(FD_NAME),
  [EVENT.SYSCALL_CHOWN_X]: name("path"),
  [EVENT.SYSCALL_LCHOWN_X]: name("path"),
  [EVENT.SYSCALL_FCHOWNAT_X]: name("pathname", "directory"),
  [EVENT.SYSCALL_QUOTACTL_X]: name("special"),
  [EVENT.SYSCALL_UMOUNT_1_X]: name("name"),
  [EVENT.SYSCALL_UMOUNT2_X]: name("name"),
  [EVENT.SYSCALL_RENAME_X]: pair("oldpath", "newpath"),
  [EVENT.SYSCALL_RENAMEAT_X]: pair("oldpath", "newpath"),
  [EVENT.SYSCALL_RENAMEAT2_X]: pair("oldpath", "newpath", "dirfd"),
  [EVENT.SYSCALL_LINK_2_X]: pair("newpath", "oldpath"),
  [EVENT.SYSCALL_LINKAT_2_X]: pair("newpath", "oldpath"),
  [EVENT.SYSCALL_SYMLINK_X]: pair("linkpath", "target"),
  [EVENT.SYSCALL_SYMLINKAT_X]: {
    source: { param: "linkpath", base: "directory" },
    target: { param: "target", base: "unknown" },
  },
  [EVENT.SYSCALL_MOUNT_X]: pair("dev", "dir"),
};

/** The parameter that a field of paths shows of an exit event where the call returned 0, and whether it shows it as it is. */
export function shownPath(
  code: number,
  field: string,
): { readonly param: string; readonly raw: boolean } | undefined {
  const [, role, raw] = /^fs\.path\.(name|source|target)(raw)?$/.exec(field) ?? [];
  const source = EVENTS_WITH_PATHS[code]?.[role as Role];
  if (!source || source.param === FD_NAME || OPENS.has(code)) return undefined;
  return { param: source.param, raw: raw !== undefined };
}

const OPENS: ReadonlySet<number> = new Set([
  EVENT.SYSCALL_OPEN_X,
  EVENT.SYSCALL_OPENAT_2_X,
  EVENT.SYSCALL_OPENAT2_X,
]);

/** Opens pass unless they return exactly -1, so most failures pass too; the others need 0. */
function succeeded({ event }: Context): boolean {
  const result = event.int(0, -1);
  return OPENS.has(event.code) ? result !== -1 : result === 0;
}

function read(context: Context, role: Role, raw: boolean): string | undefined {
  const { event, state } = context;
  const source = EVENTS_WITH_PATHS[event.code]?.[role];
  if (!source || !succeeded(context)) return undefined;
  if (source.param === FD_NAME) return eventFd(context)?.name;
  const index = EVENTS[event.code]!.params.findIndex((p) => p.name === source.param);
  const path = paramString(event, index);
  if (raw) return path;
  if (!state.thread) return undefined;
  return path.startsWith("/") ? joinPath("", path) : relative(context, source.base, index, path);
}

function relative(context: Context, base: Base, index: number, path: string): string {
  const { event, state } = context;
  const thread = state.thread!;
  const { params } = EVENTS[event.code]!;
  switch (base) {
    case "cwd":
      return joinPath(cwdOf(state, thread), path);
    case "fd":
      return eventFd(context)?.name ?? "<UNKNOWN>";
    case "dirfd":
      return resolveAt(state, thread, event.int(params[index]!.dirfd ?? 0, 0), path);
    case "directory": {
      const dirfd = params[index]!.dirfd;
      const directory = dirfd === undefined ? undefined : fdOf(state, thread, event.int(dirfd, -1));
      return joinPath(directory?.kind === FD.DIRECTORY ? `${directory.name}/` : "<UNKNOWN>", path);
    }
    case "unknown":
      return joinPath("<UNKNOWN>", path);
  }
}

const path = (role: Role, raw: boolean, description: string) =>
  field("CHARBUF", description, (context) => read(context, role, raw));

/** Paths of successful calls on files, wherever the call's parameters keep them. */
export const fsPath = fieldClass("fs.path", "Paths that a system call worked on", ["syscall"], {
  "fs.path.name": path("name", false, "Path of the file, made absolute."),
  "fs.path.nameraw": path("name", true, "Path of the file as the program gave it."),
  "fs.path.source": path("source", false, "Source path of calls with two, made absolute."),
  "fs.path.sourceraw": path("source", true, "Source path as the program gave it."),
  "fs.path.target": path("target", false, "Target path of calls with two, made absolute."),
  "fs.path.targetraw": path("target", true, "Target path as the program gave it."),
});
