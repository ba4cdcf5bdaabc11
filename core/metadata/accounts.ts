import { type Stats, statSync } from "node:fs";
import type { GroupSeed, UserSeed } from "../event/source.ts";
import { readRegularFile } from "./read-file.ts";

const MAX_FILE = 16 << 20;

/** Lines of a colon-separated account file; none when it cannot be read, as containers need not have accounts. */
function rows(path: string, trusted: boolean): string[][] {
  const text = readRegularFile(path, MAX_FILE, trusted)?.toString() ?? "";
  return text.split("\n").map((line) => line.split(":"));
}

const isId = (text: string | undefined): text is string => text !== undefined && /^\d{1,10}$/.test(text);

function usersIn(path: string, trusted = true): UserSeed[] {
  return rows(path, trusted).flatMap(([name = "", , uid, gid, , home = "", shell = ""]) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }] : [],
  );
}

function groupsIn(path: string, trusted = true): GroupSeed[] {
  return rows(path, trusted).flatMap(([name = "", , gid]) => (isId(gid) ? [{ name, gid: Number(gid) }] : []));
}

/**
 * Users and groups of the machine and of containers, from their passwd and group files (passwd(5), group(5)).
 * The machine's are read again when the file has changed.
 */
export class AccountFiles {
  readonly #hostRoot: string;
  #users = new Map<number, UserSeed>();
  #groups = new Map<number, GroupSeed>();
  #stamp = "";

  /** `hostRoot` is where the host's root is mounted when running in a container. */
  constructor(hostRoot: string) {
    this.#hostRoot = hostRoot;
  }

  user(uid: number): UserSeed | undefined {
    this.#refresh();
    return this.#users.get(uid);
  }

  group(gid: number): GroupSeed | undefined {
    this.#refresh();
    return this.#groups.get(gid);
  }

  /** All accounts of the container that the process runs in; empty when its root is the machine's. */
  ofContainer(pid: number): { readonly users: readonly UserSeed[]; readonly groups: readonly GroupSeed[] } {
    const root = `${this.#hostRoot}/proc/${pid}/root`;
    const inode = inodeOf(`${root}/`);
    // The first process may be another's to look at, as in a sandbox: then our own root is the best there is.
    const host = inodeOf(`${this.#hostRoot}/proc/1/root/`) || inodeOf(`${this.#hostRoot}/`);
    if (inode === "" || inode === host) return { users: [], groups: [] };
    return { users: usersIn(`${root}/etc/passwd`, false), groups: groupsIn(`${root}/etc/group`, false) };
  }

  #refresh(): void {
    const passwd = `${this.#hostRoot}/etc/passwd`;
    const group = `${this.#hostRoot}/etc/group`;
    const stamp = `${stampOf(passwd)} ${stampOf(group)}`;
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#users = new Map(usersIn(passwd).map((user) => [user.uid, user]));
    this.#groups = new Map(groupsIn(group).map((entry) => [entry.gid, entry]));
  }
}

function statText(path: string, fields: (stats: Stats) => string): string {
  try {
    return fields(statSync(path));
  } catch {
    return "";
  }
}
const inodeOf = (path: string): string => statText(path, ({ dev, ino }) => `${dev}:${ino}`);
const stampOf = (path: string): string =>
  statText(path, ({ ino, mtimeMs, size }) => `${ino}:${mtimeMs}:${size}`);
