import { container } from "./container.ts";
import { evt } from "./evt.ts";
import { evtGeneric } from "./evt-generic.ts";
import { fd } from "./fd.ts";
import { fdlist } from "./fdlist.ts";
import type { Field, FieldClass, FieldRegistry } from "./field.ts";
import { fsPath } from "./fs-path.ts";
import { process } from "./process.ts";
import { group, user } from "./user.ts";

/** Every class of fields the engine has of itself; plugins and clients bring more. */
export const FIELD_CLASSES: readonly FieldClass[] = [
  evtGeneric,
  evt,
  process,
  user,
  group,
  fd,
  fsPath,
  fdlist,
  container,
];

/** Fields whose values come from the configuration: `static_fields`. They exist for every source. */
export function staticFields(values: Readonly<Record<string, string>>): FieldClass {
  const fields = Object.entries(values).map(
    ([name, value]): Field => ({
      name: `static.${name}`,
      type: "CHARBUF",
      description: "Set in the configuration.",
      read: () => value,
    }),
  );
  return { name: "static", description: "Constants of the configuration", sources: [], fields };
}

/** Makes names findable by event source. A class without sources belongs to all of them. */
export function fieldRegistry(classes: readonly FieldClass[], sources: readonly string[]): FieldRegistry {
  const bySource = new Map<string, Map<string, Field>>();
  for (const source of sources) {
    const fields = new Map<string, Field>();
    for (const declared of classes) {
      if (declared.sources.length > 0 && !declared.sources.includes(source)) continue;
      for (const field of declared.fields) fields.set(field.name, field);
    }
    bySource.set(source, fields);
  }
  return {
    sources,
    find: (source, name) => bySource.get(source)?.get(name),
    names: (source) => [...(bySource.get(source)?.keys() ?? [])],
  };
}
