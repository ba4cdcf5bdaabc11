import type { Field, FieldClass } from "../../fields/field.ts";
import { Json } from "../../metadata/json.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { PluginLibrary } from "./library.ts";

/** Types of fields by the words of the plugin API, and their numbers in it (ss_plugin_field_type). */
export const FIELD_TYPES: Readonly<Record<string, { readonly type: ParamType; readonly number: number }>> = {
  uint64: { type: "UINT64", number: 8 },
  string: { type: "CHARBUF", number: 9 },
  reltime: { type: "RELTIME", number: 20 },
  abstime: { type: "ABSTIME", number: 21 },
  bool: { type: "BOOL", number: 25 },
  ipaddr: { type: "IPADDR", number: 40 },
  ipnet: { type: "IPNET", number: 41 },
};

/** The fields that a plugin says it has, as rules see them; their readers give nothing. */
export function declaredClass(
  library: PluginLibrary,
  { name, description, sources }: { name: string; description: string; sources: readonly string[] },
): FieldClass {
  const list = library.json("get_fields", library.text("get_fields"));
  if (!Array.isArray(list) || list.length === 0)
    throw library.error("plugin_get_fields lists no fields", "ask the plugin's author");
  return {
    name: `${name} (plugin)`,
    description,
    sources,
    fields: list.map((entry) => declaredField(library, new Json(entry))),
  };
}

function declaredField(library: PluginLibrary, entry: Json): Field {
  const name = entry.at("name").text;
  const type = FIELD_TYPES[entry.at("type").text];
  if (name === "" || !type) {
    const what =
      name === "" ? "a field has no name" : `field ${name} has the unknown type ${entry.at("type").text}`;
    throw library.error(what, "ask the plugin's author");
  }
  const arg = entry.at("arg");
  const kinds = [
    ...(arg.at("isIndex").flag ? (["INDEX"] as const) : []),
    ...(arg.at("isKey").flag ? (["KEY"] as const) : []),
  ];
  if (arg.at("isRequired").flag && kinds.length === 0)
    throw library.error(`field ${name} requires an argument of no kind`, "ask the plugin's author");
  return {
    name,
    type: type.type,
    format: "DEC",
    description: entry.at("desc").text,
    read: () => undefined,
    ...(kinds.length > 0 ? { arg: arg.at("isRequired").flag ? "required" : "optional", argKind: kinds } : {}),
    ...(entry.at("isList").flag ? { list: true } : {}),
    ...(entry.at("addOutput").flag ? { suggested: true } : {}),
    ...(entry.at("properties").items.some((property) => property.text === "hidden") ? { hidden: true } : {}),
  };
}
