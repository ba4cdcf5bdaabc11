/**
 * The per-CPU work area of the probe, one array map value a CPU. The dispatcher leaves a call's arguments and
 * result here (they'd be lost in the tail call), programs build the record here, and the ring buffer copies it.
 *
 *   0      48       56     60             64      4096        16376       16384
 *   | args | result | call | compat (u32) | temps | path text | cpu (u64) | record …
 */
export const SCRATCH = {
  args: 0,
  result: 48,
  /** The call's number, from COMPAT_BASE for 32-bit calls. */
  call: 56,
  /** Whether it is a 32-bit call: its pointers and longs in memory take four bytes. */
  compat: 60,
  /** A value that passes through memory loses what the verifier knew of it. */
  launder: 64,
  /** Which of the records that one call gives is being made; 0 between calls. */
  repetition: 80,
  /** What a record that teaches tells of its thread; see FACTS. */
  facts: 512,
  /** Where texts that conditions look at start in the record; see keepText. */
  texts: 576,
  /** Where the text starts that tells the kind of a descriptor, and what becomes of two descriptors at most: number, bits before, bits. */
  family: 640,
  taught: 648,
  /** Where the path text starts in its area. */
  position: 72,
  cells: 128,
  temp: 1024,
  /** Text that grows from its end to its start; the size is a power of two so that offsets can be masked. */
  path: 4096,
  pathSize: 4096,
  record: 16384,
  /** Parameters start below this offset of the record; behind it there is room for the largest one. */
  recordLimit: 128 * 1024,
  size: 16384 + (128 + 72) * 1024,
  /** Programs that may run inside another one (a page fault while it reads memory) have an area of their own, for short records only. */
  nestedSize: 16384 + 1024,
} as const;

/** The CPU number precedes each record in the ring buffer. */
export const CPU_PREFIX = 8;
