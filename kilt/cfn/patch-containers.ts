import { FalcoError } from "../../core/errors.ts";
import { loadDefinition, parseDefinition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";
import { patchTemplate } from "./patch-template.ts";

/**
 * Answers Terraform's external data source: `container_definitions` (JSON), `kilt_definition` (text; the
 * embedded one when absent), `recipe_config` (JSON) and `image_auth_secret` in, the patched
 * `output_container_definitions` out. All values are text, as that protocol demands.
 */
export async function patchContainers(
  query: unknown,
  lookup: ImageConfigLookup,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ result: { output_container_definitions: string }; warnings: readonly string[] }> {
  const given = (query ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = given[name];
    if (value === undefined || typeof value === "string") return value;
    throw new FalcoError("KILT_QUERY", `Cannot read query: ${name} must be text`);
  };
  const containers = text("container_definitions");
  if (!containers) throw new FalcoError("KILT_QUERY", "Cannot read query: container_definitions is missing");
  const source = text("kilt_definition");
  const config = text("recipe_config") || "{}";
  const secret = text("image_auth_secret");
  const { text: patched, warnings } = await patchTemplate("container_definitions", containers, {
    definition: source
      ? parseDefinition({ name: "kilt_definition", text: source }, config)
      : loadDefinition(undefined, config),
    lookup,
    env,
    ...(secret ? { imageAuthSecret: secret } : {}),
  });
  return { result: { output_container_definitions: patched }, warnings };
}
