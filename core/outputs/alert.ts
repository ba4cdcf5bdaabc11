/** Severities, most severe first; the numbers are syslog's (RFC 5424). */
export const PRIORITIES = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;
export type Priority = (typeof PRIORITIES)[number];

export type FieldValue = string | number | bigint | boolean | null | readonly FieldValue[];

/** A rule that matched an event: everything an output needs, nothing that points back into the engine. */
export interface Alert {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly rule: string;
  readonly priority: Priority;
  /** The event source the rule matched on: `syscall`, `k8s_audit`, … */
  readonly source: string;
  readonly hostname: string;
  /** The resolved output text without time and priority in front. */
  readonly message: string;
  readonly tags: readonly string[];
  /** Fields of the output by name, in the order JSON shows them (sorted). Integers beyond 2^53 are bigint. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}
