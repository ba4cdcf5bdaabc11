import { compactJson, elements, isDeeperThan, member } from "../../event/json-text.ts";
import { type Json, MAX_DEPTH, memberOf } from "../../fields/json-document.ts";
import { timestamp } from "./timestamp.ts";

/** One audit event: the JSON that it is, and when its stage was reached, in nanoseconds since the epoch. */
export interface AuditRecord {
  readonly time: bigint;
  readonly json: string;
}

export interface Payload {
  readonly events: readonly AuditRecord[];
  /** Why others were left out, one sentence each. */
  readonly faults: readonly string[];
}

const UNKNOWN = "it is no Kubernetes audit event, EventList or array of them";

/** Takes apart what an API server sends or writes: an event, an EventList, or an array of both. */
export function readPayload(text: string): Payload {
  const events: AuditRecord[] = [];
  const faults: string[] = [];
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return { events, faults: ["it is not JSON"] };
  }
  // Whatever shows a value walks down into it: what would exhaust the stack does not get further than here.
  if (isDeeperThan(text, MAX_DEPTH)) return { events, faults: [`it is nested more than ${MAX_DEPTH} deep`] };
  const single = (event: Json, start: number, end: number): void => {
    const stamp = memberOf(event, "stageTimestamp");
    const time = typeof stamp === "string" ? timestamp(stamp) : undefined;
    if (time === undefined) faults.push("an event has no stageTimestamp that is a time");
    else events.push({ time, json: compactJson(text.slice(start, end)) });
  };
  const each = (items: readonly Json[], at: number, take: typeof single): void => {
    for (const [i, { start, end }] of elements(text, at).entries()) take(items[i]!, start, end);
  };
  const one = (value: Json, start: number, end: number): void => {
    const items = memberOf(value, "items");
    const kind = memberOf(value, "kind");
    if (kind === "Event") single(value, start, end);
    else if (kind === "EventList" && Array.isArray(items))
      each(items, member(text, start, "items")!.start, single);
    else faults.push(UNKNOWN);
  };
  // One level of arrays: taking apart arrays in arrays would read the innermost again for each of them.
  if (Array.isArray(value)) each(value, 0, one);
  else one(value, 0, text.length);
  return { events, faults };
}
