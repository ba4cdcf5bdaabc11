/** One flag of a command. `repeat` makes the value an array in the order given. */
export interface Flag {
  readonly type: "string" | "boolean" | "number";
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
export type Flags = Readonly<Record<string, Flag>>;

export interface Positional {
  readonly name: string;
  readonly help: string;
  readonly optional?: boolean;
  readonly repeat?: boolean;
}

type AnyValue = string | boolean | number | string[] | undefined;
/** The type a flag's value has, read off its declaration. */
type Value<F extends Flag> = Flag extends F
  ? AnyValue
  : F["repeat"] extends true
    ? string[]
    : F["type"] extends "boolean"
      ? boolean
      : F["type"] extends "number"
        ? F["default"] extends string
          ? number
          : number | undefined
        : F["default"] extends string
          ? Word<F>
          : Word<F> | undefined;
/** One of the choices where there are some. */
type Word<F extends Flag> = F["choices"] extends readonly (infer C extends string)[] ? C : string;

export interface ParsedArgs<F extends Flags = Flags> {
  readonly flags: { readonly [K in keyof F]: Value<F[K]> };
  readonly positionals: readonly string[];
  /** What stood behind `--`, untouched. */
  readonly rest: readonly string[];
}

type ExitCode = number | undefined;

/** A node of the command tree: a leaf has `run`, a group has `commands`. */
export interface Command<F extends Flags = Flags> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly examples?: readonly string[];
  readonly flags?: F;
  /** Flags that existed once: name to the sentence that says what to do instead. */
  readonly retired?: Readonly<Record<string, string>>;
  readonly positionals?: readonly Positional[];
  /** What may stand behind `--`; a command without it takes those words as positionals. */
  readonly rest?: Positional;
  readonly commands?: Readonly<Record<string, () => Promise<Command>>>;
  /** Other names of subcommands: `{ repo: "registry" }`. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Subcommands of programs that this one stands in for, which it has no need of: name to the sentence that says why. */
  readonly needless?: Readonly<Record<string, string>>;
  /** The subcommand that runs when the first word is a flag or there is none. */
  readonly fallback?: string;
  /** Returns the exit code; nothing means 0. A FalcoError thrown prints as text and exits 1. */
  run?(args: ParsedArgs<F>, root: Command): Promise<ExitCode> | ExitCode;
}

/** Declares a command: the types of `args.flags` follow from `flags`, so a misspelt name does not compile. */
export function command<const F extends Flags>(spec: Command<F>): Command {
  return spec;
}

export const flagString = <F extends Flags>(
  args: ParsedArgs<F>,
  name: keyof F & string,
): string | undefined => {
  const value = args.flags[name];
  return typeof value === "string" ? value : undefined;
};
export const flagOn = <F extends Flags>(args: ParsedArgs<F>, name: keyof F & string): boolean =>
  args.flags[name] === true;
export const flagList = <F extends Flags>(args: ParsedArgs<F>, name: keyof F & string): string[] => {
  const value = args.flags[name];
  return Array.isArray(value) ? value : [];
};
