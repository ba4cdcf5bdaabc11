/** Instead of a number of bytes. */
export const WAKE_NEVER = 0xffff_ffff;

/** Call numbers the probe can tell apart; higher ones (of x32 alone, private) are not captured. */
export const MAX_SYSCALLS = 512;

/**
 * Bits of a call number's byte in the interest map: wanted as a native call, as a 32-bit call, and native ones only if they succeed; events of the native
 * and of the 32-bit call take what the kernel copied (kernel-copies.ts).
 */
export const WANTED = { native: 1, compat: 2, successOnly: 4, copies: 8, compatCopies: 16 } as const;

/** Where the calls of 32-bit programs start in the tables indexed by call. */
export const COMPAT_BASE = MAX_SYSCALLS;

/** Where the calls behind i386's socketcall(2) start, and the size of these tables. */
export const SOCKETCALL_BASE = 2 * MAX_SYSCALLS;
export const CALL_TABLE_SIZE = SOCKETCALL_BASE + 32;

/** i386's socketcall(call, arguments). */
export const SOCKETCALL = 102;

/**
 * What user space tells the programs, in one map: a byte a call number (WANTED), then of each native and each 32-bit call
 * | recorded code u16 | native number u16 |, then two words for kernel-copies.ts, and, on a cache line of its own since it changes all the time, the bytes that the reader waits for
 * (u32), WAKE_NEVER while it does not wait. Behind that a word that a program sets when its record should not wait,
 * when /proc had been read (nanoseconds since boot, u64; 0 before), whether a control group turned up that is not known, whether one was renamed, and whether kinds of
 * descriptors are followed.
 */
export const INTEREST = {
  flags: 0,
  codes: MAX_SYSCALLS,
  /** Changes with the set of traced calls (u32). */
  generation: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE,
  /** Address of the kernel's cache of path names, once it is known (u64); set by a program. */
  namesCache: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 8,
  wakeAt: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 64,
  urgent: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 68,
  scannedAt: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 72,
  groupsUnknown: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 80,
  groupsRenamed: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 84,
  followsKinds: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 88,
  size: MAX_SYSCALLS + 4 * CALL_TABLE_SIZE + 128,
} as const;
