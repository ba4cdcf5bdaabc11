import { FalcoError } from "../../core/errors.ts";
import type { Target } from "../../kilt/target.ts";

/** Flags that describe a container to apply a definition to. */
export const targetFlags = {
  image: { type: "string", value: "IMAGE", help: "Image of the container", default: "example/app:latest" },
  entrypoint: {
    type: "string",
    value: "WORD",
    repeat: true,
    help: "Entry point: a word each, or one JSON list",
  },
  command: { type: "string", value: "WORD", repeat: true, help: "Command: a word each, or one JSON list" },
  env: { type: "string", value: "NAME=VALUE", repeat: true, help: "Variable of the container" },
  tag: {
    type: "string",
    value: "KEY=VALUE",
    repeat: true,
    help: "Tag of its task, read as original.metadata",
  },
  name: { type: "string", value: "NAME", help: "Name of the container", default: "app" },
  group: { type: "string", value: "NAME", help: "Name of its task or pod", default: "group" },
} as const;

export const recipeFlag = {
  type: "string",
  value: "JSON",
  help: "Recipe configuration that the definition reads as config",
} as const;

interface TargetArgs {
  readonly image: string;
  readonly entrypoint: string[];
  readonly command: string[];
  readonly env: string[];
  readonly tag: string[];
  readonly name: string;
  readonly group: string;
}

/** The container that the flags describe. */
export function targetFrom(flags: TargetArgs): Target {
  return {
    image: flags.image,
    containerName: flags.name,
    containerGroupName: flags.group,
    entryPoint: wordsOf("entrypoint", flags.entrypoint),
    command: wordsOf("command", flags.command),
    environmentVariables: pairsOf("env", flags.env),
    metadata: pairsOf("tag", flags.tag),
  };
}

function wordsOf(flag: string, given: readonly string[]): readonly string[] {
  if (given.length !== 1 || !given[0]!.startsWith("[")) return given;
  try {
    const list: unknown = JSON.parse(given[0]!);
    if (Array.isArray(list) && list.every((word) => typeof word === "string")) return list;
  } catch {
    // Falls through to the error that also a list of something else gets.
  }
  throw new FalcoError("USAGE", `Invalid value of --${flag}: expected a JSON list of words, got ${given[0]}`);
}

function pairsOf(flag: string, given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
      throw new FalcoError("USAGE", `Invalid value of --${flag}: expected NAME=VALUE, got "${pair}"`);
    }),
  );
}
