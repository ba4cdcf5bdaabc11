import type { GroupSeed, UserSeed } from "../event/source.ts";
import { UNSET_ID } from "./thread.ts";

/** Where accounts that nobody told us of are looked up, on the machine that is watched. */
export interface AccountSource {
  user(uid: number): UserSeed | undefined;
  group(gid: number): GroupSeed | undefined;
  /** All accounts of the container that the process runs in; empty when it has none of its own. */
  ofContainer(pid: number): { readonly users: readonly UserSeed[]; readonly groups: readonly GroupSeed[] };
}

type ById<T> = Map<string, Map<number, T>>;
const CONTAINERS_KEPT = 10_000;

/** Users and groups by the container they are of (empty for the host) and their number. */
export class Users {
  readonly #users: ById<UserSeed> = new Map();
  readonly #groups: ById<GroupSeed> = new Map();
  /** Set for live sources. Captures bring their accounts along. */
  source: AccountSource | undefined = undefined;

  user(containerId: string, uid: number): UserSeed | undefined {
    return this.#users.get(containerId)?.get(uid);
  }

  group(containerId: string, gid: number): GroupSeed | undefined {
    return this.#groups.get(containerId)?.get(gid);
  }

  addUser(containerId: string, user: UserSeed): void {
    if (isAccount(user.name, user.uid)) put(this.#users, containerId, user.uid, user);
  }

  addGroup(containerId: string, group: GroupSeed): void {
    if (isAccount(group.name, group.gid)) put(this.#groups, containerId, group.gid, group);
  }

  removeUser(containerId: string, uid: number): void {
    this.#users.get(containerId)?.delete(uid);
  }

  removeGroup(containerId: string, gid: number): void {
    this.#groups.get(containerId)?.delete(gid);
  }

  /** Makes sure that the ids a process runs with are known, if anybody knows them. */
  learn(containerId: string, pid: number, uid: number, gid: number): void {
    const { source } = this;
    if (!source) return;
    const knowsUser = uid === UNSET_ID || this.user(containerId, uid) !== undefined;
    const knowsGroup = gid === UNSET_ID || this.group(containerId, gid) !== undefined;
    if (knowsUser && knowsGroup) return;
    if (containerId !== "") {
      const { users, groups } = source.ofContainer(pid);
      for (const user of users) this.addUser(containerId, user);
      for (const group of groups) this.addGroup(containerId, group);
      return;
    }
    const user = knowsUser ? undefined : source.user(uid);
    if (user) this.addUser("", user);
    const group = knowsGroup ? undefined : source.group(gid);
    if (group) this.addGroup("", group);
  }

  removeContainer(containerId: string): void {
    this.#users.delete(containerId);
    this.#groups.delete(containerId);
  }

  clear(): void {
    this.#users.clear();
    this.#groups.clear();
  }

  /** Everything known: for recordings. */
  *all(): Generator<{ containerId: string; users: Iterable<UserSeed>; groups: Iterable<GroupSeed> }> {
    for (const containerId of new Set([...this.#users.keys(), ...this.#groups.keys()])) {
      yield {
        containerId,
        users: this.#users.get(containerId)?.values() ?? [],
        groups: this.#groups.get(containerId)?.values() ?? [],
      };
    }
  }
}

/** Lines of passwd(5) that start with a sign ask other services for names; they name nobody. */
const isAccount = (name: string, id: number): boolean =>
  id !== UNSET_ID && !name.startsWith("+") && !name.startsWith("-");

function put<T>(table: ById<T>, containerId: string, id: number, value: T): void {
  let ofContainer = table.get(containerId);
  if (!ofContainer) {
    if (table.size >= CONTAINERS_KEPT) table.delete(oldestContainer(table));
    ofContainer = new Map();
    table.set(containerId, ofContainer);
  }
  ofContainer.set(id, value);
}

function oldestContainer<T>(table: ById<T>): string {
  for (const containerId of table.keys()) if (containerId !== "") return containerId;
  return "";
}
