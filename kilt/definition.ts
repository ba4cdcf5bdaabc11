import { readFileSync } from "node:fs";
import { FalcoError, reasonOf } from "../core/errors.ts";
import falcoDefinition from "../core/library/kilt/falco.kilt.cfg" with { type: "text" };
import { fileSource, type Includes, noIncludes } from "./hocon/include.ts";
import { mergeFields, type Node, type ObjectNode, type ResolvedObject } from "./hocon/node.ts";
import { parseHocon } from "./hocon/parse-hocon.ts";
import { resolveHocon } from "./hocon/resolve.ts";
import type { At, Source } from "./hocon/source.ts";
import type { Target } from "./target.ts";

/** Name under which the definition for falco itself is carried in the binary. */
export const EMBEDDED_DEFINITION = "falco";

/** A definition with its recipe configuration, parsed once and applied to any number of targets. */
export interface Definition {
  readonly name: string;
  readonly root: ObjectNode;
}

export interface EvaluateOptions {
  /** What `${NAME}` falls back to; the process's environment for commands. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** CloudFormation: a tag that a task lacks is an empty item where a list asks for it alone. */
  readonly absentTagIsEmpty?: boolean;
}

const PREAMBLE: Source = {
  name: "the defaults of kilt",
  text: `build {
  entry_point: \${original.entry_point}
  command: \${original.command}
  image: \${original.image}
  mount: []
}`,
};
const AT: At = { source: PREAMBLE, offset: 0 };
const DEFAULTS = parseHocon(PREAMBLE);

/** Parses a definition and its recipe configuration (JSON or HOCON; an object). Errors carry line and column. */
export function parseDefinition(
  source: Source,
  recipeConfig = "{}",
  includes: Includes = noIncludes,
): Definition {
  const config = parseHocon({ name: "recipe configuration", text: recipeConfig });
  const defaults = mergeFields(new Map<string, Node>([["config", config]]), DEFAULTS.fields);
  const root = parseHocon(source, includes);
  return { name: source.name, root: { ...root, fields: mergeFields(defaults, root.fields) } };
}

/** Reads a definition from a file, or the embedded one when that is what is named (or nothing is). */
export function loadDefinition(path = EMBEDDED_DEFINITION, recipeConfig?: string): Definition {
  if (path === EMBEDDED_DEFINITION) {
    return parseDefinition({ name: "falco.kilt.cfg (embedded)", text: falcoDefinition }, recipeConfig);
  }
  try {
    const { source, includes } = fileSource(path, readFileSync(path, "utf8"));
    return parseDefinition(source, recipeConfig, includes);
  } catch (error) {
    if (error instanceof FalcoError) throw error;
    throw new FalcoError("KILT_DEFINITION", `Cannot read definition ${path}: ${reasonOf(error)}`, {
      hint: `name a file, or "${EMBEDDED_DEFINITION}" for the definition that falco carries`,
      cause: error,
    });
  }
}

/** Sections of a definition (all of it without `only`) with everything filled in for one target. */
export function evaluate(
  definition: Definition,
  target: Target,
  options: EvaluateOptions = {},
  only?: readonly string[],
): ResolvedObject {
  const environment = mapNode(target.environmentVariables);
  const before = new Map<string, Node>([
    ["original", original(target, environment)],
    ["build", objectNode([["environment_variables", environment]])],
  ]);
  const root: ObjectNode = { ...definition.root, fields: mergeFields(before, definition.root.fields) };
  return resolveHocon(root, {
    ...(options.env ? { env: options.env } : {}),
    ...(only ? { only } : {}),
    absentItem: (path) =>
      options.absentTagIsEmpty && path[0] === "original" && path[1] === "metadata" ? "" : undefined,
  });
}

/** The `original` object, with the names of the released form and those of the first proposal. */
function original(target: Target, environment: Node): Node {
  const name = textNode(target.containerName);
  const entryPoint = listNode(target.entryPoint);
  return objectNode([
    ["image", textNode(target.image)],
    ["container_name", name],
    ["container_group_name", textNode(target.containerGroupName)],
    ["entry_point", entryPoint],
    ["command", listNode(target.command)],
    ["environment_variables", environment],
    ["metadata", mapNode(target.metadata)],
    ["name", name],
    ["entrypoint", entryPoint],
    ["environment", environment],
  ]);
}

const textNode = (text: string): Node => ({ kind: "scalar", type: "string", text, at: AT });
const listNode = (texts: readonly string[]): Node => ({ kind: "array", items: texts.map(textNode), at: AT });
const objectNode = (fields: Iterable<readonly [string, Node]>): Node => ({
  kind: "object",
  fields: new Map(fields),
  at: AT,
});
const mapNode = (texts: ReadonlyMap<string, string>): Node =>
  objectNode([...texts].map(([key, text]) => [key, textNode(text)]));
