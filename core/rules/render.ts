import { isSeldom } from "../ffi/seldom.ts";
import type { Context } from "../fields/field.ts";
import type { Alert, FieldValue } from "../outputs/alert.ts";
import type { RunningRule } from "./load/compiled.ts";

/** Sorted copy, since outputs show fields by name. */
const sorted = (fields: Record<string, FieldValue>): Record<string, FieldValue> =>
  Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What a rule has to say about the current event. Reads everything now: the event is gone afterwards. */
export function renderAlert(rule: RunningRule, context: Context, hostname: string): Alert {
  const { definition, output, extras } = rule;
  let fields = output.values(context);
  for (const { key, template, raw } of extras) {
    fields[key] = raw
      ? template.fields[0]
        ? template.values(context)[template.fields[0].name]!
        : null
      : template.text(context);
  }
  if (extras.length > 0) fields = sorted(fields);
  return {
    time: context.event.time,
    rule: rule.name,
    priority: definition.priority,
    source: definition.source,
    hostname,
    message: output.text(context),
    tags: definition.tags,
    fields,
  };
}

isSeldom(renderAlert, sorted);
