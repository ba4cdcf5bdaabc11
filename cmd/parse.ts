import { parseArgs } from "node:util";
import { FalcoError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Command, Flag, Flags, ParsedArgs } from "./command.ts";

type FlagValue = string | boolean | number | string[] | undefined;
const SWITCH: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

const usage = (message: string, hint?: string): FalcoError =>
  new FalcoError("USAGE", message, hint === undefined ? {} : { hint });

/** Is help asked for? `-h` or `--help` among the command's own words, so not behind `--`. */
export function asksHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

/**
 * Reads a command's own words: repeated flags are all kept, unknown flags and values are errors that name
 * the nearest known one, numbers and choices are checked. `path` is the command as typed, for the messages.
 */
export function parse(spec: Command, argv: readonly string[], path = spec.name): ParsedArgs {
  const flags: Flags = spec.flags ?? {};
  const { tokens } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        {
          // A flag with a bare meaning takes its value from `=` only, which is how a boolean is read.
          type:
            flag.type === "boolean" || flag.bare !== undefined ? ("boolean" as const) : ("string" as const),
          ...(flag.short ? { short: flag.short } : {}),
        },
      ]),
    ),
  });
  const values: Record<string, FlagValue> = {};
  for (const [name, flag] of Object.entries(flags)) {
    values[name] = flag.repeat ? [] : flag.type === "boolean" ? false : fallbackValue(flag);
  }
  const positionals: string[] = [];
  const rest: string[] = [];
  let behind = false;
  for (const token of tokens) {
    if (token.kind === "option-terminator") behind = true;
    else if (token.kind === "positional") (behind && spec.rest ? rest : positionals).push(token.value);
    else {
      const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
      if (!flag) throw unknownFlag(spec, flags, token.name, token.rawName, path);
      const value = readValue(flag, flags, token.rawName, token.value);
      const seen = values[token.name];
      if (Array.isArray(seen)) seen.push(String(value));
      else values[token.name] = value;
    }
  }
  checkPositionals(spec, positionals, rest, path);
  return { flags: values, positionals, rest };
}

const fallbackValue = ({ type, default: text }: Flag): string | number | undefined =>
  type === "number" && text !== undefined ? Number(text) : text;

function unknownFlag(spec: Command, flags: Flags, name: string, rawName: string, path: string): FalcoError {
  const retired = Object.hasOwn(spec.retired ?? {}, name) ? spec.retired?.[name] : undefined;
  if (retired !== undefined) return usage(`Flag "${rawName}" does not exist any more`, retired);
  const near = name.length > 1 ? nearest(name, Object.keys(flags)) : undefined;
  return usage(
    `Unknown flag "${rawName}" of "${path}"`,
    near ? `did you mean "--${near}"?` : `see "${path} --help"`,
  );
}

function readValue(
  flag: Flag,
  flags: Flags,
  rawName: string,
  given: string | undefined,
): string | boolean | number {
  if (flag.type === "boolean") {
    const on = given === undefined ? true : Object.hasOwn(SWITCH, given) ? SWITCH[given] : undefined;
    if (on === undefined) throw usage(`Flag "${rawName}" takes no value but true or false, got "${given}"`);
    return on;
  }
  const text = given ?? flag.bare;
  if (text === undefined) throw usage(`Flag "${rawName}" needs a value: ${flag.help}`);
  // `-o --dry-run`: a word that is itself a flag was surely not meant as the value.
  if (text.startsWith("--") && Object.hasOwn(flags, text.slice(2).split("=")[0]!)) {
    throw usage(
      `Flag "${rawName}" needs a value, got the flag "${text}"`,
      `write "${rawName}=${text}" if that is the value`,
    );
  }
  const choice = flag.choices?.find((known) => known.toLowerCase() === text.toLowerCase());
  if (choice !== undefined) return choice;
  if (flag.choices) {
    const near = nearest(text.toLowerCase(), flag.choices);
    throw usage(
      `Invalid value "${text}" of "${rawName}"`,
      near ? `did you mean "${near}"?` : `use one of ${flag.choices.join(", ")}`,
    );
  }
  if (flag.type !== "number") return text;
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) {
    throw usage(`Invalid value "${text}" of "${rawName}": a number of 0 or more is needed`);
  }
  return number;
}

function checkPositionals(
  spec: Command,
  given: readonly string[],
  rest: readonly string[],
  path: string,
): void {
  const wanted = spec.positionals ?? [];
  const needed = wanted.filter((p) => !p.optional).length;
  if (given.length < needed) {
    const missing = wanted[given.length]!;
    throw usage(`Missing ${missing.name} of "${path}": ${missing.help}`, `see "${path} --help"`);
  }
  if (given.length > wanted.length && !wanted.at(-1)?.repeat) {
    throw usage(`Unexpected argument "${given[wanted.length]}" of "${path}"`, `see "${path} --help"`);
  }
  if (spec.rest && !spec.rest.optional && rest.length === 0) {
    throw usage(`Missing -- ${spec.rest.name} of "${path}": ${spec.rest.help}`, `see "${path} --help"`);
  }
}
