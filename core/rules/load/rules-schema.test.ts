import { expect, test } from "bun:test";
import { rulesJsonSchema } from "./rules-schema.ts";

test("rulesJsonSchema() defines what it refers to, and closes every object", () => {
  const schema = rulesJsonSchema() as { definitions: Record<string, { type?: string }> };
  const text = JSON.stringify(schema);
  const referred = [...text.matchAll(/"#\/definitions\/(\w+)"/g)].map((match) => match[1]!);
  expect([...new Set(referred)].sort()).toEqual(Object.keys(schema.definitions).sort());
  expect(Object.keys(schema.definitions)).toContain("RequiredPluginVersion");
  for (const definition of Object.values(schema.definitions)) {
    if (definition.type === "object") expect(definition).toMatchObject({ additionalProperties: false });
  }
});
