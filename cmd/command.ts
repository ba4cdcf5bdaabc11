import { parseArgs } from "node:util";
import { FalcoError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";

/** One flag of a command. `repeat` makes the value an array in the order given. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly help: string;
  /** Name of the value in the help text, for example FILE. */
  readonly value?: string;
  readonly repeat?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** Given without `=value`, the flag means this; with it, the value. (`--list` and `--list=syscall`) */
  readonly bare?: string;
  readonly hidden?: boolean;
}

export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  readonly repeat?: boolean;
}

export interface ParsedArgs {
  readonly flags: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly positionals: readonly string[];
  /** What stood behind `--`, untouched. */
  readonly rest: readonly string[];
}

/** A node of the command tree: a leaf has `run`, a group has `commands`; the root has both. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly positionals?: readonly Positional[];
  readonly commands?: Readonly<Record<string, () => Promise<Command>>>;
  /** Returns the exit code; nothing means 0. A FalcoError thrown prints as text and exits 1. */
  readonly run?: (args: ParsedArgs) => Promise<number | undefined> | number | undefined;
}

/** Identity with types, so that a command file reads as one declaration. */
export function command(spec: Command): Command {
  return spec;
}

export const flagString = (args: ParsedArgs, name: string): string | undefined => {
  const value = args.flags[name];
  return typeof value === "string" ? value : undefined;
};
export const flagOn = (args: ParsedArgs, name: string): boolean => args.flags[name] === true;
export const flagList = (args: ParsedArgs, name: string): string[] => {
  const value = args.flags[name];
  return Array.isArray(value) ? value : [];
};

/** Reads a command's own words. Unknown flags and values fail with the nearest known one as a hint. */
export function parse(spec: Command, argv: readonly string[]): ParsedArgs {
  const flags = spec.flags ?? {};
  const split = argv.indexOf("--");
  const own = split < 0 ? argv : argv.slice(0, split);
  const rest = split < 0 ? [] : argv.slice(split + 1);
  const bare = Object.entries(flags).filter(([, flag]) => flag.bare !== undefined);
  const words = own.map((word) => {
    for (const [name, flag] of bare) {
      if (word === `--${name}` || (flag.short && word === `-${flag.short}`)) return `--${name}=${flag.bare}`;
    }
    return word;
  });
  const { values, positionals, tokens } = parseArgs({
    args: words,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        { type: flag.type, multiple: flag.repeat ?? false, ...(flag.short ? { short: flag.short } : {}) },
      ]),
    ),
  });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = flags[token.name];
    if (!flag) {
      const near = nearest(token.name, Object.keys(flags));
      throw new FalcoError("USAGE", `Unknown flag "${token.rawName}" of "${spec.name}"`, {
        hint: near ? `did you mean "--${near}"?` : `see "${spec.name} --help"`,
      });
    }
    if (flag.type === "string" && token.value === undefined) {
      throw new FalcoError("USAGE", `Flag "${token.rawName}" needs a value: ${flag.help}`);
    }
    if (flag.type === "boolean" && token.value !== undefined) {
      throw new FalcoError("USAGE", `Flag "${token.rawName}" takes no value, got "${token.value}"`);
    }
    if (flag.choices && token.value !== undefined && !flag.choices.includes(token.value)) {
      const near = nearest(token.value, flag.choices);
      throw new FalcoError("USAGE", `Invalid value "${token.value}" of "${token.rawName}"`, {
        hint: near ? `did you mean "${near}"?` : `use one of ${flag.choices.join(", ")}`,
      });
    }
  }
  checkPositionals(spec, positionals);
  const out: Record<string, string | boolean | string[] | undefined> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const value = values[name];
    out[name] = (Array.isArray(value) ? value.map(String) : value) ?? (flag.repeat ? [] : flag.default);
  }
  return { flags: out, positionals, rest };
}

function checkPositionals(spec: Command, given: readonly string[]): void {
  const wanted = spec.positionals ?? [];
  const needed = wanted.filter((p) => !p.optional).length;
  if (given.length < needed) {
    const missing = wanted[given.length]!;
    throw new FalcoError("USAGE", `Missing ${missing.name} of "${spec.name}": ${missing.help}`);
  }
  if (given.length > wanted.length && !wanted.at(-1)?.repeat) {
    throw new FalcoError("USAGE", `Unexpected argument "${given[wanted.length]}" of "${spec.name}"`, {
      hint: `see "${spec.name} --help"`,
    });
  }
}
