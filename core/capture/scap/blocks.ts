import { EVENT } from "../../schema/event-codes.ts";

/**
 * Blocks of a capture file. The container is pcapng's: a section header, then blocks of
 *
 *   | type u32 | total length u32 | body … | padding to 4 | total length u32 |
 *
 * all little-endian. Blocks of the process, descriptor, user and interface lists come in versions; from
 * version 1.2 of the format on, entries carry their own length and only ever grow at the end.
 */
export const SECTION_HEADER = 0x0a0d0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 2;

/** Bytes around a block's body: type and length before it, the length again behind it. */
export const BLOCK_HEAD = 8;
export const BLOCK_OVERHEAD = 12;

/** Types the writer uses; the reader knows all of BLOCK_KINDS. */
export const BLOCK = {
  MACHINE: 0x201,
  THREADS: 0x215,
  FDS: 0x218,
  INTERFACES: 0x219,
  USERS: 0x220,
  EVENT: 0x216,
  EVENT_FLAGS: 0x217,
  EVENT_LARGE: 0x221,
  EVENT_FLAGS_LARGE: 0x222,
} as const;

/** What a seed block holds and which version of it; event blocks are handled apart, being the hot path. */
export interface SeedBlockKind {
  readonly kind: "machine" | "threads" | "fds" | "interfaces" | "users";
  readonly version: number;
}

/** Seed blocks by type. The numbers from 0x8000_0000 on are those used before the format was published. */
export const SEED_BLOCKS: ReadonlyMap<number, SeedBlockKind> = new Map<number, SeedBlockKind>([
  [0x201, { kind: "machine", version: 1 }],
  [0x8002_abcd, { kind: "machine", version: 1 }],
  [0x202, { kind: "threads", version: 1 }],
  [0x8000_abcd, { kind: "threads", version: 1 }],
  [0x207, { kind: "threads", version: 2 }],
  [0x8013_abcd, { kind: "threads", version: 2 }],
  [0x209, { kind: "threads", version: 3 }],
  [0x8014_abcd, { kind: "threads", version: 3 }],
  [0x210, { kind: "threads", version: 4 }],
  [0x211, { kind: "threads", version: 5 }],
  [0x212, { kind: "threads", version: 6 }],
  [0x213, { kind: "threads", version: 7 }],
  [0x214, { kind: "threads", version: 8 }],
  [0x215, { kind: "threads", version: 9 }],
  [0x203, { kind: "fds", version: 1 }],
  [0x8001_abcd, { kind: "fds", version: 1 }],
  [0x218, { kind: "fds", version: 2 }],
  [0x205, { kind: "interfaces", version: 1 }],
  [0x8011_abcd, { kind: "interfaces", version: 1 }],
  [0x219, { kind: "interfaces", version: 2 }],
  [0x206, { kind: "users", version: 1 }],
  [0x8012_abcd, { kind: "users", version: 1 }],
  [0x220, { kind: "users", version: 2 }],
]);

/** How an event block's body starts: `cpu u16`, then `flags u32` if it has them, then the event record. */
export interface EventBlockKind {
  /** Bytes before the event record. */
  readonly prefix: number;
  /** Version 1 records lack the parameter count in their header. */
  readonly counted: boolean;
}

export const EVENT_BLOCKS: ReadonlyMap<number, EventBlockKind> = new Map<number, EventBlockKind>([
  [0x216, { prefix: 2, counted: true }],
  [0x217, { prefix: 6, counted: true }],
  [0x221, { prefix: 2, counted: true }],
  [0x222, { prefix: 6, counted: true }],
  [0x204, { prefix: 2, counted: false }],
  [0x8010_abcd, { prefix: 2, counted: false }],
  [0x208, { prefix: 6, counted: false }],
]);

/** Flag of an event block: the event is not for rules. */
const STATE_ONLY = 1;

/** Whether an event block says so; its flags stand before its record, which is at `offset`. */
export const isStateOnly = (view: DataView, offset: number): boolean =>
  (view.getUint32(offset - 4, true) & STATE_ONLY) !== 0;

/** Events of these types at the very start tell of what was there before. */
export const INITIAL: ReadonlySet<number> = new Set([
  EVENT.CONTAINER_JSON_2_E,
  EVENT.USER_ADDED_E,
  EVENT.USER_DELETED_E,
  EVENT.GROUP_ADDED_E,
  EVENT.GROUP_DELETED_E,
  EVENT.ASYNCEVENT_E,
]);
