import type { Command, Flag, Positional } from "./command.ts";
import { coloured } from "./print.ts";

const WIDTH = 100;
const LABEL = 34;

/** The help text of a command as typed at `path`: usage, arguments, commands, options, examples. */
export async function help(spec: Command, path: string): Promise<string> {
  const bold = (text: string): string => (coloured() ? `\x1b[1m${text}\x1b[22m` : text);
  const section = (title: string, rows: readonly (readonly [string, string])[]): string =>
    rows.length === 0
      ? ""
      : `\n${bold(title + ":")}\n${rows.map(([label, text]) => row(label, text)).join("\n")}\n`;
  const commands = await Promise.all(
    Object.entries(spec.commands ?? {}).map(
      async ([name, load]) => [[name, ...otherNames(spec, name)].join(", "), (await load()).summary] as const,
    ),
  );
  const flags = Object.entries(spec.flags ?? {}).filter(([, flag]) => !flag.hidden);
  const words = [
    ...(spec.positionals ?? []),
    ...(spec.rest ? [{ ...spec.rest, name: `-- ${spec.rest.name}` }] : []),
  ];
  return [
    `${bold("Usage:")}\n${usageLines(spec, path)}\n`,
    `\n${wrap(spec.description ?? `${spec.summary}.`, 0)}\n`,
    section(
      "Arguments",
      words.map((word) => [word.name, word.help] as const),
    ),
    section("Commands", commands),
    section("Options", [
      ...flags.map(([name, flag]) => [flagLabel(name, flag), flagText(flag)] as const),
      ["-h, --help", "Print this help and exit"],
    ]),
    section("No longer there", retiredRows(spec)),
    spec.examples ? `\n${bold("Examples:")}\n${spec.examples.map((line) => `  ${line}`).join("\n")}\n` : "",
    spec.commands ? `\n"${path} COMMAND --help" tells more about a command.\n` : "",
  ].join("");
}

const otherNames = ({ aliases = {} }: Command, name: string): string[] =>
  Object.keys(aliases).filter((other) => aliases[other] === name);

/** One row for each sentence. Single letters are left out: they would fill a page, and their errors say the same. */
function retiredRows({ retired = {} }: Command): (readonly [string, string])[] {
  const names = Map.groupBy(
    Object.keys(retired).filter((name) => name.length > 1),
    (name) => retired[name]!,
  );
  return [...names].map(([text, group]) => [group.map((name) => `--${name}`).join(", "), text] as const);
}

/** How a command is typed: one line for itself, one where it has commands below it. */
export function usageLines(spec: Command, path: string): string {
  const leaf = ["[OPTION...]", ...(spec.positionals ?? []).map(placeholder)].join(" ");
  const lines = [
    ...(spec.run || spec.fallback
      ? [`${path} ${leaf}${spec.rest ? ` -- ${placeholder(spec.rest)}` : ""}`]
      : []),
    ...(spec.commands ? [`${path} COMMAND [OPTION...]`] : []),
  ];
  return lines.map((line) => `  ${line}`).join("\n");
}

function placeholder(word: Positional): string {
  const name = word.repeat ? `${word.name}...` : word.name;
  return word.optional ? `[${name}]` : name;
}

/** A flag as it is typed: `-c, --config FILE`. */
export function flagLabel(name: string, flag: Flag): string {
  const value = flag.value ?? (flag.type === "number" ? "NUMBER" : "VALUE");
  const suffix = flag.type === "boolean" ? "" : flag.bare === undefined ? ` ${value}` : `[=${value}]`;
  return `${flag.short ? `-${flag.short}, ` : "    "}--${name}${suffix}`;
}

/** What a flag does, with its choices, default and whether it repeats. */
export function flagText(flag: Flag): string {
  const notes = [
    flag.choices ? `one of ${flag.choices.join(", ")}` : "",
    flag.default === undefined ? "" : `default ${flag.default}`,
    flag.repeat ? "may be repeated" : "",
  ].filter((note) => note !== "");
  return notes.length > 0 ? `${flag.help} (${notes.join("; ")})` : flag.help;
}

/** A label in the left column and its text beside it, or below where the label is too long. */
function row(label: string, text: string): string {
  const left = `  ${label}`;
  const body = wrap(text, LABEL);
  return left.length < LABEL - 1 ? left.padEnd(LABEL) + body.slice(LABEL) : `${left}\n${body}`;
}

/** Breaks text at blanks so that no line is longer than the page; each line starts `indent` columns in. */
function wrap(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
        lines.push(pad + line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(pad + line);
  }
  return lines.join("\n");
}
