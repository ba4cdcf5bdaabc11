/** Bounds of the tables: a machine under attack must not fill our memory. */
export interface StateLimits {
  /** Threads; events of more have no thread. */
  readonly threads: number;
  /** Descriptors of one process; more are not known. */
  readonly fdsPerProcess: number;
  /** Threads looked up from the system in a second. */
  readonly lookupsPerSecond: number;
  /** A thread not seen for so many seconds is looked for, and removed when it is gone. */
  readonly idleSeconds: number;
  /** Seconds between two such rounds. */
  readonly purgeSeconds: number;
}

export const DEFAULT_LIMITS: StateLimits = {
  threads: 262_144,
  fdsPerProcess: 4096,
  lookupsPerSecond: 350,
  idleSeconds: 30 * 60,
  purgeSeconds: 20 * 60,
};
