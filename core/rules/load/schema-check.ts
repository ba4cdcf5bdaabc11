import { isSeldom } from "../../ffi/seldom.ts";
import type { YamlNode } from "../yaml/yaml-node.ts";
import { RULES_SCHEMA, type Schema } from "./rules-schema.ts";

/** Types are weak: a scalar that could be read as the type is one. */
function hasType(node: YamlNode, type: NonNullable<Schema["type"]>): boolean {
  if (type === "array") return node.kind === "sequence";
  if (type === "object") return node.kind === "map";
  if (node.kind !== "scalar") return false;
  if (type === "boolean") return node.text === "true" || node.text === "false";
  if (type === "integer") return /^[ \t]*[+-]?\d+$/.test(node.text);
  return true;
}

class Check {
  readonly messages: string[] = [];

  #fail(path: string, message: string): false {
    this.messages.push(`failed for ${path}: ${message}`);
    return false;
  }

  /** Constraints run in the order of the reference's validator: by their names. */
  valid(node: YamlNode, schema: Schema, path: string): boolean {
    let valid = true;
    if (schema.anyOf) valid = this.#anyOf(node, schema.anyOf, path) && valid;
    if (schema.enum && !(node.kind === "scalar" && schema.enum.includes(node.text))) {
      valid = this.#fail(path, "Failed to match against any enum values.");
    }
    if (schema.items && node.kind === "sequence") valid = this.#items(node, schema.items, path) && valid;
    if (schema.properties && node.kind === "map") valid = this.#object(node, schema, path) && valid;
    if (schema.type && !hasType(node, schema.type)) {
      valid = this.#fail(path, "Value type not permitted by 'type' constraint.");
    }
    return valid;
  }

  #anyOf(node: YamlNode, schemas: readonly Schema[], path: string): boolean {
    const inner = new Check();
    if (schemas.some((schema) => inner.valid(node, schema, path))) return true;
    this.messages.push(...inner.messages);
    return this.#fail(path, "Failed to validate against any schemas allowed by anyOf constraint.");
  }

  #items(node: YamlNode, schema: Schema, path: string): boolean {
    let valid = true;
    node.items.forEach((item, i) => {
      if (this.valid(item, schema, `${path}[${i}]`)) return;
      valid = this.#fail(path, `Failed to validate item #${i} in array.`);
    });
    return valid;
  }

  #object(node: YamlNode, schema: Schema, path: string): boolean {
    let valid = true;
    const properties = schema.properties!;
    const { keys } = node;
    if (schema.minProperties !== undefined && keys.length < schema.minProperties) {
      valid = this.#fail(path, `Object should have no fewer than ${schema.minProperties} properties.`);
    }
    for (const [name, property] of Object.entries(properties)) {
      const value = node.get(name);
      if (!value || this.valid(value, property, `${path}[${name}]`)) continue;
      valid = this.#fail(path, `Failed to validate against schema associated with property name '${name}'.`);
    }
    const unknown = keys.find((key) => !Object.hasOwn(properties, key));
    if (unknown !== undefined) {
      valid = this.#fail(
        path,
        "Object contains a property that could not be validated using 'properties' or 'additionalProperties' " +
          `constraints: '${unknown}'.`,
      );
    }
    for (const name of schema.required ?? []) {
      if (!node.get(name)) valid = this.#fail(path, `Missing required property '${name}'.`);
    }
    return valid;
  }
}

/**
 * Checks one document against the schema of rule files, which is stricter than loading and never stops it.
 * `["ok"]`, or a message for each thing that failed, innermost first.
 */
export function checkSchema(document: YamlNode): readonly string[] {
  const check = new Check();
  return check.valid(document, RULES_SCHEMA, "<root>") ? ["ok"] : check.messages;
}

isSeldom(hasType);
