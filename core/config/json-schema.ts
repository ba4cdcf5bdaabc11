import type { Json, Key, ObjectKey, TextKey } from "./declare.ts";
import { schema } from "./schema.ts";

type Schema = { [name: string]: Json };

/** The configuration as a JSON Schema (draft 6), as `--config-schema` prints it. */
export function configJsonSchema(): Json {
  const definitions: Schema = {};
  const root = keySchema(schema, definitions);
  const sorted = Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { $schema: "http://json-schema.org/draft-06/schema#", ...(root as Schema), definitions: sorted };
}

function keySchema(key: Key, definitions: Schema): Json {
  const described = (more: Schema): Schema => ({ ...more, description: key.doc });
  switch (key.kind) {
    case "bool":
      return described({ type: "boolean" });
    case "integer":
    case "number":
      return described({
        type: key.kind,
        ...(key.minimum === undefined ? {} : { minimum: key.minimum }),
        ...(key.maximum === undefined ? {} : { maximum: key.maximum }),
      });
    case "text":
      return described(textSchema(key));
    case "list":
      return described({ type: "array", items: keySchema(key.item, definitions) });
    case "map":
      return described({ type: "object", additionalProperties: { type: "string" } });
    case "any":
      return described({ anyOf: [{ type: "object" }, { type: "string" }, { type: "null" }] });
    case "either":
      return described({ oneOf: [keySchema(key.text, definitions), keySchema(key.object, definitions)] });
    case "object":
      if (key.title === undefined) return described(objectSchema(key, definitions));
      definitions[key.title] ??= { ...objectSchema(key, definitions), title: key.title };
      return { $ref: `#/definitions/${key.title}` };
  }
}

const textSchema = (key: TextKey): Schema => ({
  type: "string",
  ...(key.choices?.strict ? { enum: key.choices.words } : {}),
  ...(key.format ? { format: key.format } : {}),
});

function objectSchema(key: ObjectKey, definitions: Schema): Schema {
  const properties = Object.entries(key.keys).map(([name, child]) => [name, keySchema(child, definitions)]);
  return {
    type: "object",
    additionalProperties: false,
    ...(key.nonEmpty ? { minProperties: 1 } : {}),
    properties: Object.fromEntries(properties) as Json,
    ...(key.required.length > 0 ? { required: key.required } : {}),
  };
}
