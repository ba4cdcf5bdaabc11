import { compactJson, elements, type Span } from "../../event/json-text.ts";
import { type Json, MAX_DEPTH, memberOf } from "../../fields/json-document.ts";
import { outlineOf } from "./outline.ts";
import { timestamp } from "./timestamp.ts";

/** One audit event: when its stage was reached, in nanoseconds since the epoch, and the JSON that it is. */
export interface AuditRecord {
  readonly time: bigint;
  readonly text: string;
  /** The same, parsed. */
  readonly value?: Json;
}

export interface Payload {
  readonly events: readonly AuditRecord[];
  /** Why others were left out, one sentence each. */
  readonly faults: readonly string[];
}

const UNKNOWN = "it is no Kubernetes audit event, EventList or array of them";

/** Takes apart what an API server sends or writes: an event, an EventList, or an array of both. */
export function readPayload(text: string): Payload {
  const payload = { events: [] as AuditRecord[], faults: [] as string[] };
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    payload.faults.push("it is not JSON");
    return payload;
  }
  if (!Array.isArray(value)) {
    takeOne(text, value, payload);
    return payload;
  }
  // One level of arrays: taking apart arrays in arrays would read the innermost again for each of them.
  for (const [i, { start, end }] of elements(text, 0).entries())
    takeOne(text.slice(start, end), value[i]!, payload);
  return payload;
}

interface Taken {
  readonly events: AuditRecord[];
  readonly faults: string[];
}

/** Takes an event, or the events of an EventList. */
function takeOne(text: string, value: Json, { events, faults }: Taken): void {
  const { depth, hasSpace, items } = outlineOf(text);
  // Whatever shows a value walks down into it: what would exhaust the stack does not get further than here.
  if (depth > MAX_DEPTH) {
    faults.push(`it is nested more than ${MAX_DEPTH} deep`);
    return;
  }
  const single = (event: Json, { start, end }: Span): void => {
    const stamp = memberOf(event, "stageTimestamp");
    const time = typeof stamp === "string" ? timestamp(stamp) : undefined;
    if (time === undefined) {
      faults.push("an event has no stageTimestamp that is a time");
      return;
    }
    const own = text.slice(start, end);
    events.push({ time, text: hasSpace ? compactJson(own) : own, value: event });
  };
  const kind = memberOf(value, "kind");
  const listed = memberOf(value, "items");
  if (kind === "Event") single(value, { start: 0, end: text.length });
  else if (kind === "EventList" && Array.isArray(listed))
    for (const [i, event] of listed.entries()) single(event, items[i]!);
  else faults.push(UNKNOWN);
}
