import { create, toBinary } from "@bufbuild/protobuf";
import { responseSchema } from "../../../proto/gen/outputs_pb.ts";
import { source as oldSource, type priority } from "../../../proto/gen/schema_pb.ts";
import { type Alert, type FieldValue, PRIORITIES } from "../../outputs/alert.ts";

const SECOND = 1_000_000_000n;

const OLD_SOURCES: Readonly<Record<string, oldSource>> = {
  syscall: oldSource.SYSCALL,
  k8s_audit: oldSource.K8S_AUDIT,
  internal: oldSource.INTERNAL,
};

function json(value: FieldValue): string {
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
}

/** Text of a field as the published server wrote it: strings as they are, everything else as JSON. */
const fieldText = (value: FieldValue) => (typeof value === "string" ? value : json(value));

/** An alert as a serialised `falco.outputs.response` (proto/outputs.proto). */
export function alertMessage(alert: Alert): Buffer {
  const fields: Record<string, string> = {};
  for (const name in alert.fields) fields[name] = fieldText(alert.fields[name]!);
  const bytes = toBinary(
    responseSchema,
    create(responseSchema, {
      time: { seconds: alert.time / SECOND, nanos: Number(alert.time % SECOND) },
      priority: PRIORITIES.indexOf(alert.priority) as priority,
      sourceDeprecated: OLD_SOURCES[alert.source] ?? oldSource.PLUGIN,
      rule: alert.rule,
      output: alert.message,
      outputFields: fields,
      hostname: alert.hostname,
      tags: [...alert.tags],
      source: alert.source,
    }),
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
