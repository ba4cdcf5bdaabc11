import { readFileSync } from "node:fs";
import { createMap, MAP_TYPE, MAPPABLE, updateMap } from "./bpf.ts";
import { COUNTERS_STRIDE } from "./counters.ts";
import { MAX_PROCESSES, PROCESS } from "./fd-facts.ts";
import { GROUP_KEY_SIZE, MAX_GROUPS } from "./group-places.ts";
import { CALL_TABLE_SIZE, INTEREST } from "./interest.ts";
import { CPU_PREFIX, SCRATCH } from "./scratch.ts";
import type { Target } from "./target.ts";
import { FACTS, MAX_FACTS } from "./thread-facts.ts";

const PAGE = 4096;

/** Bytes that a mapping of a map takes. */
export const inPages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

/** Makes the maps of a probe on `cpus` CPUs; `keep` is given each descriptor as soon as there is one. Throws SystemError. */
export function createMaps(bufferSize: number, cpus: number, keep: (fd: number) => number): Target["maps"] {
  const array = { type: MAP_TYPE.array, keySize: 4, entries: 1 };
  const maps = {
    scratch: keep(createMap({ ...array, name: "falco_scratch", valueSize: SCRATCH.size, entries: cpus })),
    nestedScratch: keep(
      createMap({ ...array, name: "falco_nested", valueSize: SCRATCH.nestedSize, entries: cpus }),
    ),
    ring: keep(
      createMap({ name: "falco_ring", type: MAP_TYPE.ring, keySize: 0, valueSize: 0, entries: bufferSize }),
    ),
    counters: keep(
      createMap({
        ...array,
        name: "falco_counters",
        valueSize: cpus * COUNTERS_STRIDE,
        flags: MAPPABLE,
      }),
    ),
    interest: keep(
      createMap({ ...array, name: "falco_interest", valueSize: INTEREST.size, flags: MAPPABLE }),
    ),
    programs: keep(
      createMap({
        name: "falco_programs",
        type: MAP_TYPE.programArray,
        keySize: 4,
        valueSize: 4,
        entries: CALL_TABLE_SIZE,
      }),
    ),
    facts: keep(
      createMap({
        name: "falco_facts",
        type: MAP_TYPE.hash,
        keySize: 4,
        valueSize: FACTS.size,
        entries: MAX_FACTS,
      }),
    ),
    groups: keep(
      createMap({
        name: "falco_groups",
        type: MAP_TYPE.hash,
        keySize: GROUP_KEY_SIZE,
        valueSize: 4,
        entries: MAX_GROUPS,
      }),
    ),
    descriptors: keep(
      createMap({
        name: "falco_fds",
        type: MAP_TYPE.hash,
        keySize: 4,
        valueSize: PROCESS.size,
        entries: MAX_PROCESSES,
      }),
    ),
    blank: keep(createMap({ ...array, name: "falco_blank", valueSize: PROCESS.size })),
  };
  const scratch = Buffer.alloc(SCRATCH.size);
  for (let cpu = 0; cpu < cpus; cpu++) {
    scratch.writeUInt32LE(cpu, SCRATCH.record - CPU_PREFIX);
    updateMap(maps.scratch, cpu, scratch);
    updateMap(maps.nestedScratch, cpu, scratch.subarray(0, SCRATCH.nestedSize));
  }
  return maps;
}

/** Highest CPU number the kernel may ever bring up, plus one. */
export function possibleCpus(): number {
  const list = readFileSync("/sys/devices/system/cpu/possible", "latin1").trim();
  return Number(/(\d+)$/.exec(list)?.[1] ?? 0) + 1;
}
