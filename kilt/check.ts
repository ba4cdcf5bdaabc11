import { nearest } from "../core/nearest.ts";
import { type Build, buildFor } from "./build.ts";
import { type Definition, type EvaluateOptions, evaluate } from "./definition.ts";
import type { Resolved } from "./hocon/node.ts";
import { listOf } from "./hocon/resolve.ts";
import { placeOf } from "./hocon/source.ts";
import { field } from "./read-value.ts";
import { type Runtime, runtimeFor } from "./runtime.ts";
import type { Target } from "./target.ts";

const BUILD = [
  "image",
  "entry_point",
  "entrypoint",
  "command",
  "environment_variables",
  "environment",
  "mount",
];
const MOUNT = ["name", "image", "volumes", "volume", "entry_point", "entrypoint"];
const RUNTIME = ["upload", "exec", "background_exec"];
const UPLOAD = ["url", "file", "payload", "text", "as", "gzipped", "uid", "gid", "permissions"];

/** Keys that each part of a definition knows, and the parts of lists inside it. */
const KNOWN: Readonly<
  Record<string, { keys: readonly string[]; lists: Readonly<Record<string, readonly string[]>> }>
> = {
  build: { keys: BUILD, lists: { mount: MOUNT } },
  deploy: { keys: BUILD, lists: { mount: MOUNT } },
  runtime: { keys: RUNTIME, lists: { upload: UPLOAD, exec: ["run"] } },
  patch: { keys: RUNTIME, lists: { upload: UPLOAD, background_exec: ["run"] } },
};

export interface Checked {
  readonly build: Build;
  /** Absent when the definition says nothing about running containers. */
  readonly runtime?: Runtime;
  /** Keys that nothing reads, as sentences with their place. */
  readonly warnings: readonly string[];
}

/** Applies a definition to a target in every way there is. Throws the first error; misspelt keys are warnings. */
export function checkDefinition(
  definition: Definition,
  target: Target,
  options: EvaluateOptions = {},
): Checked {
  const build = buildFor(definition, target, options);
  const all = evaluate(definition, target, options);
  const warnings = Object.entries(KNOWN).flatMap(([section, { keys, lists }]) => {
    const value = field(all, section);
    const inner = Object.entries(lists).flatMap(([name, known]) => {
      const list = value?.kind === "object" ? field(value, name) : undefined;
      return (list ? (listOf(list) ?? []) : []).flatMap((item, i) =>
        unknownKeys(item, `${section}.${name}.${i}`, known),
      );
    });
    return [...(value ? unknownKeys(value, section, keys) : []), ...inner];
  });
  const isRuntime = field(all, "runtime", "patch") !== undefined;
  return { build, warnings, ...(isRuntime ? { runtime: runtimeFor(definition, target, options) } : {}) };
}

function unknownKeys(value: Resolved, where: string, known: readonly string[]): string[] {
  if (value.kind !== "object") return [];
  return [...value.fields]
    .filter(([key]) => !known.includes(key))
    .map(([key, { at }]) => {
      const { file, line, column } = placeOf(at);
      const near = nearest(key, known);
      return `${file}:${line}:${column}: nothing reads "${where}.${key}"${near ? `, did you mean "${near}"?` : ""}`;
    });
}
