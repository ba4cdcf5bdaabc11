import { type BigIntStats, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { containerOfCgroups } from "../../metadata/cgroup.ts";
import { HOST } from "../../metadata/container.ts";
import { normalizeCgroups } from "../../state/cgroups.ts";
import { readProc } from "../proc/proc-files.ts";
import { deleteFromMap, replaceInMap } from "./bpf.ts";
import { PLACE, RECORDED_CONTROLLERS } from "./group-places.ts";
import { PLAIN_TEXT } from "./task-comm.ts";

/** Records hold paths of no more components, each of fewer bytes. */
const MAX_COMPONENTS = 16;
const MAX_COMPONENT = 255;
/** Of kernfs, of which every hierarchy of control groups is one. */
const ROOT_ID = 1n;

/**
 * Where a thread in these groups (`controller=path`) runs for all that rules see: in a container, on the host, or 0 where the two are called the
 * same.
 */
export function placeOf(cgroups: readonly string[]): number {
  const match = containerOfCgroups(normalizeCgroups(cgroups) ?? []);
  if (!match) return PLACE.HOST;
  return match.id === HOST.id ? 0 : PLACE.CONTAINER;
}

/** Those whose groups records hold, as /proc and mounts name them. */
const CONTROLLERS: ReadonlySet<string> = new Set(
  RECORDED_CONTROLLERS.map((name) => (name === "io" ? "blkio" : name)),
);

interface Hierarchy {
  readonly id: number;
  readonly directory: string;
}

/**
 * Tells the programs which control groups are those of containers. A group's path, which says so, does not change as long as the group exists
 * (version 1 allows renaming, which the programs hear of), and its id is not used again; so it does not matter when this is found out.
 */
export class ControlGroups {
  readonly #map: number;
  /** Entries of the map, by key in base 16. */
  #entered = new Map<string, number>();

  /** `map`: | id u64, hierarchy u64 | to | place u32 |. */
  constructor(map: number) {
    this.#map = map;
  }

  /** Looks through all hierarchies that are mounted. What can't be read stays unknown. Throws SystemError. */
  scan(): void {
    const found = new Map<string, number>();
    for (const { id, directory } of hierarchies()) this.#walk(found, id, directory, [], statOf(directory));
    for (const key of this.#entered.keys())
      if (!found.has(key)) deleteFromMap(this.#map, Buffer.from(key, "hex"));
    for (const [key, place] of found) {
      if (this.#entered.get(key) === place) continue;
      const value = Buffer.alloc(4);
      value.writeUInt32LE(place);
      // A full map leaves the rest unknown.
      if (!replaceInMap(this.#map, Buffer.from(key, "hex"), value)) found.delete(key);
    }
    this.#entered = found;
  }

  #walk(
    found: Map<string, number>,
    hierarchy: number,
    directory: string,
    parts: readonly string[],
    stat: BigIntStats | undefined,
    device = stat?.dev,
  ): void {
    // A mount that shows a part of the hierarchy only has paths of its own, and what is mounted inside is something else.
    if (!stat || stat.dev !== device || (parts.length === 0) !== (stat.ino === ROOT_ID)) return;
    const place = placeOf([`cpu=/${parts.join("/")}`]);
    if (place !== 0) found.set(keyOf(stat.ino, hierarchy), place);
    if (parts.length === MAX_COMPONENTS) return;
    for (const name of directoriesIn(directory)) {
      const isPlain = PLAIN_TEXT.test(name) && name.length < MAX_COMPONENT;
      const below = join(directory, name);
      if (isPlain) this.#walk(found, hierarchy, below, [...parts, name], statOf(below), device);
    }
  }
}

function keyOf(id: bigint, hierarchy: number): string {
  const key = Buffer.alloc(16);
  key.writeBigUInt64LE(id);
  key.writeUInt32LE(hierarchy, 8);
  return key.toString("hex");
}

/** Groups come and go while they are looked at. */
function statOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function directoriesIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

/** The hierarchies with such controllers that are mounted from their root. */
function hierarchies(): Hierarchy[] {
  const ids = new Map<string, number>();
  for (const line of (readProc("/proc/cgroups")?.toString() ?? "").split("\n")) {
    const [name, id] = line.split("\t");
    if (name !== undefined && id !== undefined && CONTROLLERS.has(name)) ids.set(name, Number(id));
  }
  return (readProc("/proc/self/mountinfo")?.toString() ?? "").split("\n").flatMap((line) => {
    const [mount = "", source = ""] = line.split(" - ");
    const [, , , root, directory] = mount.split(" ");
    const [type, , options = ""] = source.split(" ");
    if (root !== "/" || directory === undefined || /\\/.test(directory)) return [];
    if (type === "cgroup2") return [{ id: 0, directory }];
    const id = type === "cgroup" ? options.split(",").map((option) => ids.get(option)) : [];
    const known = id.find((one) => one !== undefined && one > 0);
    return known === undefined ? [] : [{ id: known, directory }];
  });
}
