import type { response } from "../../../gen/outputs_pb.ts";

const PRIORITIES = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;

/** An alert as clients handle it. */
export interface Alert {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly priority: (typeof PRIORITIES)[number];
  readonly rule: string;
  readonly source: string;
  readonly output: string;
  readonly outputFields: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly tags: readonly string[];
}

/** An alert of a resumable subscription. */
export interface NumberedAlert extends Alert {
  /** Position in the server's stream, from 1. */
  readonly sequence: bigint;
  /** Alerts before this one that this subscription has lost. */
  readonly missed: bigint;
}

/** The alert in a response of the outputs service. */
export function alertOf(message: response): Alert {
  const { seconds, nanos } = message.time ?? { seconds: 0n, nanos: 0 };
  return {
    time: seconds * 1_000_000_000n + BigInt(nanos),
    priority: PRIORITIES[message.priority] ?? "Debug",
    rule: message.rule,
    source: message.source,
    output: message.output,
    outputFields: message.outputFields,
    hostname: message.hostname,
    tags: message.tags,
  };
}
