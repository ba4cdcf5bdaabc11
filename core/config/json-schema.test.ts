import { expect, test } from "bun:test";
import { configJsonSchema } from "./json-schema.ts";
import { configMarkdown, configReference } from "./reference.ts";
import { sampleConfig } from "./sample.ts";
import { schema } from "./schema.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly enum?: readonly string[];
}

test("configJsonSchema describes every key, closed against unknown ones, with all references resolved", () => {
  const root = configJsonSchema() as unknown as Schema;
  expect(root.$ref).toBe("#/definitions/FalcoConfig");
  const resolve = (node: Schema | undefined): Schema | undefined =>
    node?.$ref ? root.definitions?.[node.$ref.slice("#/definitions/".length)] : node;
  const config = resolve(root);
  expect(Object.keys(config?.properties ?? {}).toSorted()).toEqual(Object.keys(schema.keys).toSorted());
  expect(config?.additionalProperties).toBe(false);
  expect(resolve(config?.properties?.webserver)?.properties?.listen_port?.type).toBe("integer");
  expect(resolve(config?.properties?.capture)?.properties?.mode?.enum).toEqual(["rules", "all_rules"]);
  for (const match of JSON.stringify(root).matchAll(/"\$ref":"#\/definitions\/(\w+)"/g)) {
    expect(root.definitions).toHaveProperty(match[1]!);
  }
});

test("configReference and sampleConfig hold every key with a sentence", () => {
  const keys = configReference();
  const names = keys.map(({ key }) => key);
  expect(names).toContain("http_output.max_consecutive_timeouts");
  expect(names).toContain("append_output[].match.tags");
  expect(new Set(names).size).toBe(names.length);
  for (const { key, doc } of keys) expect(`${key}: ${doc}`).toMatch(/: .+[.:]$/);
  expect(configMarkdown().split("\n").length).toBe(keys.length + 3);
  const sample = sampleConfig();
  const shown = Object.entries(schema.keys).filter(([, key]) => !key.hidden);
  for (const [name] of shown) expect(sample).toMatch(new RegExp(`^${name}:`, "m"));
  expect(Math.max(...sample.split("\n").map((line) => line.length))).toBeLessThan(121);
});
