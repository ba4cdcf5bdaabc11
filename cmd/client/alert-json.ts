import type { Alert } from "../../proto/clients/typescript/src/falco-client.ts";

/** An alert as one line of JSON, with the keys that falco's own JSON output has. */
export function alertJson(alert: Alert): string {
  const milliseconds = Number(alert.time / 1_000_000n);
  const nanoseconds = String(alert.time % 1_000_000_000n).padStart(9, "0");
  return JSON.stringify({
    hostname: alert.hostname,
    output: alert.output,
    output_fields: alert.outputFields,
    priority: alert.priority,
    rule: alert.rule,
    source: alert.source,
    tags: alert.tags,
    time: new Date(milliseconds).toISOString().replace(/\.\d+Z$/, `.${nanoseconds}Z`),
  });
}
