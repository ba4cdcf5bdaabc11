import { expect, test } from "bun:test";
import { FIELD_CLASSES, fieldRegistry } from "./all.ts";

test("FIELD_CLASSES declares every name once", () => {
  const names = FIELD_CLASSES.flatMap((c) => c.fields.map((f) => f.name));
  expect(names.length).toBe(new Set(names).size);
});

test("fieldRegistry gives a plugin source the generic fields only", () => {
  const registry = fieldRegistry(FIELD_CLASSES, ["syscall", "k8s_audit"]);
  expect(registry.find("syscall", "proc.name")?.type).toBe("CHARBUF");
  expect(registry.find("k8s_audit", "proc.name")).toBeUndefined();
  expect(registry.find("k8s_audit", "evt.num")).toBeDefined();
});
