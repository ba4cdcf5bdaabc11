/** The part of JSON Schema that the schema of rule files uses. */
export interface Schema {
  /** Its name among the definitions of the printed schema. */
  readonly title?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly minProperties?: number;
  /** Keys that are allowed, in alphabetical order; others are not. */
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly type?: "string" | "boolean" | "integer" | "array" | "object";
}

const STRING: Schema = { type: "string" };
const BOOLEAN: Schema = { type: "boolean" };
const OVERRIDDEN: Schema = { title: "OverriddenItem", type: "string", enum: ["append", "replace"] };
const ALTERNATIVE: Schema = {
  title: "Alternative",
  type: "object",
  properties: { name: STRING, version: STRING },
  required: ["name", "version"],
};

const OVERRIDE: Schema = {
  title: "Override",
  type: "object",
  minProperties: 1,
  properties: {
    capture: OVERRIDDEN,
    capture_duration: OVERRIDDEN,
    condition: OVERRIDDEN,
    desc: OVERRIDDEN,
    enabled: OVERRIDDEN,
    exceptions: OVERRIDDEN,
    items: OVERRIDDEN,
    output: OVERRIDDEN,
    priority: OVERRIDDEN,
    "skip-if-unknown-filter": OVERRIDDEN,
    tags: OVERRIDDEN,
    warn_evttypes: OVERRIDDEN,
  },
};

const ITEM: Schema = {
  title: "FalcoRule",
  required: [],
  type: "object",
  properties: {
    append: BOOLEAN,
    capture: BOOLEAN,
    capture_duration: { type: "integer" },
    condition: STRING,
    desc: STRING,
    enabled: BOOLEAN,
    exceptions: {
      type: "array",
      items: {
        title: "Exception",
        type: "object",
        properties: { comps: {}, fields: {}, name: STRING, values: {} },
        required: ["name"],
      },
    },
    items: { type: "array", items: { title: "Item", anyOf: [{ type: "integer" }, STRING] } },
    list: STRING,
    macro: STRING,
    output: STRING,
    override: OVERRIDE,
    priority: {
      title: "Priority",
      type: "string",
      enum: [
        "EMERGENCY",
        "ALERT",
        "CRITICAL",
        "ERROR",
        "WARNING",
        "NOTICE",
        "INFO",
        "INFORMATIONAL",
        "DEBUG",
      ],
    },
    required_engine_version: STRING,
    required_plugin_versions: {
      type: "array",
      items: {
        title: "RequiredPluginVersion",
        type: "object",
        properties: { alternatives: { type: "array", items: ALTERNATIVE }, name: STRING, version: STRING },
        required: ["name", "version"],
      },
    },
    rule: STRING,
    "skip-if-unknown-filter": BOOLEAN,
    source: STRING,
    tags: { type: "array", items: STRING },
    warn_evttypes: BOOLEAN,
  },
};

/** A rules file, as far as the keys of its items go. */
export const RULES_SCHEMA: Schema = { type: "array", items: ITEM };

type Json = boolean | string | number | readonly Json[] | { readonly [name: string]: Json };

/** The schema of rules files as JSON Schema (draft 6), as `--rule-schema` prints it. */
export function rulesJsonSchema(): Json {
  const definitions = new Map<string, Json>();
  const root = toJson(RULES_SCHEMA, definitions);
  const sorted = Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { $schema: "http://json-schema.org/draft-06/schema#", ...root, definitions: sorted };
}

/** A schema with a title becomes a definition and a reference to it. */
function toJson(schema: Schema, definitions: Map<string, Json>): Record<string, Json> {
  const { anyOf, items, properties, title, ...plain } = schema;
  const json: Record<string, Json> = {
    ...(plain as Record<string, Json>),
    ...(title === undefined ? {} : { title }),
    ...(anyOf ? { anyOf: anyOf.map((one) => toJson(one, definitions)) } : {}),
    ...(items ? { items: toJson(items, definitions) } : {}),
    ...(properties
      ? {
          additionalProperties: false,
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, toJson(property, definitions)]),
          ),
        }
      : {}),
  };
  if (title === undefined) return json;
  definitions.set(title, json);
  return { $ref: `#/definitions/${title}` };
}
