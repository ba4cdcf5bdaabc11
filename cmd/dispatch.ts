import { type CommandDef, runCommand } from "citty";
import { FalcoError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Command } from "./command.ts";
import { help } from "./help.ts";
import { asksHelp, parse } from "./parse.ts";
import { out } from "./print.ts";

/**
 * Runs the command that the words name and returns its exit code.
 *
 * The tree and the lazy loading of its nodes are citty's; what citty does not do is done here and in
 * parse.ts: a group never runs beside its subcommand, unknown commands are refused before anything loads,
 * `--help` counts only in front of `--`, and the exit code comes back.
 */
export async function dispatch(
  root: Command,
  argv: readonly string[],
  path: string = root.name,
  top: Command = root,
): Promise<number> {
  let code = 0;
  const words = shield(route(root, argv));
  await runCommand(toCitty(root, path, { root: top, done: (result) => (code = result) }), { rawArgs: words });
  return code;
}

/** `falco help a b` is `falco a b --help`; `falco -r x` is `falco run -r x`. */
function route(root: Command, argv: readonly string[]): string[] {
  const [first] = argv;
  if (first === "help") return [...argv.slice(1), "--help"];
  if (!root.fallback || (first !== undefined && !first.startsWith("-"))) return [...argv];
  return asksHelp(argv) ? ["--help"] : [root.fallback, ...argv];
}

/**
 * citty reads all words as flags of its own before it hands them on, and fails on some (`-rmy_rules.yaml`): behind a `--` it
 * leaves them alone. There is one, before the first flag, which each node takes out again.
 */
function shield(words: readonly string[]): string[] {
  const first = words.findIndex((word) => word.startsWith("-"));
  return first < 0 ? [...words] : words.toSpliced(first, 0, "--");
}

/** The words as they were before `shield`. */
function unshield(words: readonly string[]): string[] {
  const first = words.findIndex((word) => word.startsWith("-"));
  return first < 0 ? [...words] : words.toSpliced(first, 1);
}

interface Top {
  readonly root: Command;
  readonly done: (code: number) => void;
}

function toCitty(spec: Command, path: string, top: Top): CommandDef {
  const meta = { name: spec.name, description: spec.summary };
  if (!spec.commands) {
    return {
      meta,
      run: async ({ rawArgs }) => top.done(await runLeaf(spec, path, unshield(rawArgs), top.root)),
    };
  }
  const names = [
    ...Object.keys(spec.commands).map((name) => [name, name] as const),
    ...Object.entries(spec.aliases ?? {}),
  ];
  const nodes = names.map(([word, name]) => [
    word,
    async () => inner(await spec.commands![name]!(), `${path} ${name}`, top),
  ]);
  return {
    meta,
    setup: ({ rawArgs }) => checkSubcommand(spec, path, unshield(rawArgs)),
    subCommands: { ...Object.fromEntries(nodes), help: { run: async () => out(await help(spec, path)) } },
    default: "help",
  };
}

/** A node below the root; a group with a fallback routes its words as the root does. */
function inner(spec: Command, path: string, top: Top): CommandDef {
  if (!spec.commands || !spec.fallback) return toCitty(spec, path, top);
  return {
    meta: { name: spec.name },
    run: async ({ rawArgs }) => top.done(await dispatch(spec, unshield(rawArgs), path, top.root)),
  };
}

async function runLeaf(spec: Command, path: string, argv: readonly string[], root: Command): Promise<number> {
  if (asksHelp(argv)) {
    out(await help(spec, path));
    return 0;
  }
  return (await spec.run?.(parse(spec, argv, path), root)) ?? 0;
}

function checkSubcommand(spec: Command, path: string, argv: readonly string[]): void {
  const [first] = argv;
  const known = [...Object.keys(spec.commands ?? {}), ...Object.keys(spec.aliases ?? {})];
  if (first === undefined || first === "help" || known.includes(first)) return;
  if (first.startsWith("-")) {
    if (argv.every((word) => word.startsWith("-")) && asksHelp(argv)) return;
    throw new FalcoError("USAGE", `Unknown flag "${first}" of "${path}"`, {
      hint: `flags stand behind the command: see "${path} --help"`,
    });
  }
  const near = nearest(first, known);
  throw new FalcoError("USAGE", `Unknown command "${first}" of "${path}"`, {
    hint: near ? `did you mean "${path} ${near}"?` : `see "${path} --help"`,
  });
}
