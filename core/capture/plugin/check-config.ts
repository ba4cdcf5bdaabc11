import { FalcoError } from "../../errors.ts";
import type { PluginInfo } from "./plugin.ts";

/**
 * The configuration as the plugin takes it: one that has a schema gets JSON that fits it, `{}` where nothing is
 * configured. What the schema says beyond types, required members, enumerations and unknown members is left to the
 * plugin. Throws a FalcoError that names the member at fault.
 */
export function checkConfig({ name, initSchema }: PluginInfo, config: string): string {
  if (!initSchema) return config;
  const text = config === "" ? "{}" : config;
  const refuse = (reason: string): FalcoError =>
    new FalcoError("PLUGIN_CONFIG", `Cannot start plugin ${name}: its init_config ${reason}`, {
      hint: `falco --plugin-info ${name} prints the schema of its settings`,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FalcoError("PLUGIN_CONFIG", `Cannot start plugin ${name}: its init_config is not JSON`, {
      hint: "write it as a map in the configuration",
      cause,
    });
  }
  const fault = faultOf(value, initSchema, initSchema, "");
  if (fault !== undefined) throw refuse(fault);
  return text;
}

type Schema = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON Schema's word for what a value is; whole numbers are `integer`, and `number` as well. */
function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** What is wrong with a value, in words that follow "its init_config"; undefined when nothing is. */
function faultOf(value: unknown, schema: unknown, root: object, at: string): string | undefined {
  const found = resolve(schema, root, 0);
  if (!found) return undefined;
  const where = at === "" ? "" : ` at ${at}`;
  const types = [found.type].flat().filter((type): type is string => typeof type === "string");
  const type = typeOf(value);
  const fits = types.length === 0 || types.includes(type) || (type === "integer" && types.includes("number"));
  if (!fits) return `is wrong${where}: it has to be ${types.join(" or ")}, and is ${type}`;
  if (Array.isArray(found.enum) && !found.enum.some((one) => one === value))
    return `is wrong${where}: it has to be one of ${found.enum.join(", ")}`;
  if (Array.isArray(value)) {
    return value.map((item, i) => faultOf(item, found.items, root, `${at}[${i}]`)).find((fault) => fault);
  }
  return isMap(value) ? memberFault(value, found, root, at) : undefined;
}

function memberFault(value: Schema, schema: Schema, root: object, at: string): string | undefined {
  const path = (key: string): string => (at === "" ? key : `${at}.${key}`);
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `lacks ${path(missing)}`;
  const members = isMap(schema.properties) ? schema.properties : {};
  for (const [key, member] of Object.entries(value)) {
    const known = Object.hasOwn(members, key);
    if (!known && schema.additionalProperties === false) return `has the unknown member ${path(key)}`;
    const fault = known ? faultOf(member, members[key], root, path(key)) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Follows `$ref` inside the schema; undefined for what can't be followed: that is not checked. */
function resolve(schema: unknown, root: object, depth: number): Schema | undefined {
  if (!isMap(schema)) return undefined;
  const { $ref: reference } = schema;
  if (typeof reference !== "string") return schema;
  if (!reference.startsWith("#/") || depth > 32) return undefined;
  let target: unknown = root;
  for (const step of reference.slice(2).split("/")) target = isMap(target) ? target[step] : undefined;
  return resolve(target, root, depth + 1);
}
