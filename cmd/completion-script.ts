import { FalcoError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Command, Flag } from "./command.ts";
import { walkCommands } from "./walk-commands.ts";

/** What can follow one command, in the form that all three shells' scripts are made from. */
interface Completion {
  /** `falco`, `falco artifact`, … */
  readonly path: string;
  readonly commands: readonly (readonly [name: string, summary: string])[];
  readonly flags: readonly (readonly [name: string, flag: Flag])[];
}

const SHELLS: Readonly<Record<string, (all: readonly Completion[]) => string>> = { bash, zsh, fish };

/** The completion script of a shell. The answers are in the script, so completing does not start falco. */
export async function completionScript(root: Command, shell: string): Promise<string> {
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!make) {
    const near = nearest(shell, Object.keys(SHELLS));
    throw new FalcoError("USAGE", `Cannot complete in "${shell}": no script for that shell`, {
      hint: near ? `did you mean "${near}"?` : `use one of ${Object.keys(SHELLS).join(", ")}`,
    });
  }
  const nodes = await walkCommands(root);
  const summaries = new Map(nodes.map(({ path, command }) => [path, command.summary]));
  return make(
    nodes.map(({ path, command }) => ({
      path,
      commands: Object.keys(command.commands ?? {}).map(
        (name) => [name, summaries.get(`${path} ${name}`)!] as const,
      ),
      flags: [
        ...Object.entries(command.flags ?? {}).filter(([, flag]) => !flag.hidden),
        ["help", { type: "boolean", short: "h", help: "Print help and exit" }] as const,
      ],
    })),
  );
}

const takesValue = (flag: Flag): boolean => flag.type !== "boolean" && flag.bare === undefined;
const spellings = (name: string, flag: Flag): string[] => [
  ...(flag.short ? [`-${flag.short}`] : []),
  `--${name}`,
];
/** In single quotes for bash and zsh. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''").replaceAll("\n", " ")}'`;

/*
 * bash and zsh walk the words typed so far down the tree (`path`), then offer what the tree has there.
 * The word behind a flag that takes a value is the value: one of its choices, or a file.
 */
function walk(all: readonly Completion[]): string {
  const groups = all.filter(({ commands }) => commands.length > 0);
  const cases = groups.map(
    ({ path, commands }) =>
      `    ${commands.map(([name]) => quote(`${path} ${name}`)).join("|")}) path="$path $word" ;;`,
  );
  return `  local path=falco word
  for word in "\${typed[@]}"; do
    case "$path $word" in
${cases.join("\n")}
    esac
  done`;
}

function valueCases(
  all: readonly Completion[],
  offer: (words: readonly string[]) => string,
  files: string,
): string {
  const lines = all.flatMap(({ path, flags }) =>
    flags
      .filter(([, flag]) => takesValue(flag))
      .map(([name, flag]) => {
        const keys = spellings(name, flag)
          .map((spelling) => quote(`${path} ${spelling}`))
          .join("|");
        return `    ${keys}) ${flag.choices ? offer(flag.choices) : files}; return ;;`;
      }),
  );
  return lines.join("\n");
}

function bash(all: readonly Completion[]): string {
  const offer = (words: readonly string[]): string =>
    `COMPREPLY=($(compgen -W ${quote(words.join(" "))} -- "$current"))`;
  const nodes = all.map(({ path, commands, flags }) => {
    const words = [
      ...commands.map(([name]) => name),
      ...flags.flatMap(([name, flag]) => spellings(name, flag)),
    ];
    return `    ${quote(path)}) ${offer(words)} ;;`;
  });
  return `# bash completion for falco, made by "falco completion bash"
_falco() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local typed=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${walk(all)}
  case "$path $previous" in
${valueCases(all, offer, 'COMPREPLY=($(compgen -f -- "$current"))')}
  esac
  case "$path" in
${nodes.join("\n")}
  esac
  # A positional: offer files where no word of the tree fits.
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _falco falco
`;
}

function zsh(all: readonly Completion[]): string {
  const offer = (words: readonly string[]): string => `compadd -- ${words.map(quote).join(" ")}`;
  const nodes = all.map(({ path, commands, flags }) => {
    const described = [
      ...commands.map(([name, summary]) => [name, summary] as const),
      ...flags.flatMap(([name, flag]) =>
        spellings(name, flag).map((spelling) => [spelling, flag.help] as const),
      ),
    ];
    const entries = described.map(([word, text]) =>
      quote(`${word.replaceAll(":", "\\:")}:${text.split("\n")[0]}`),
    );
    return `    ${quote(path)}) entries=(\n      ${entries.join("\n      ")}\n    ) ;;`;
  });
  return `#compdef falco
# zsh completion for falco, made by "falco completion zsh"
_falco() {
  local -a entries typed
  local previous=\${words[CURRENT - 1]}
  typed=("\${(@)words[2,CURRENT-1]}")
${walk(all)}
  case "$path $previous" in
${valueCases(all, offer, "_files")}
  esac
  case "$path" in
${nodes.join("\n")}
  esac
  _describe 'falco' entries || _files
}
if [ "$funcstack[1]" = _falco ]; then _falco "$@"; else compdef _falco falco; fi
`;
}

function fish(all: readonly Completion[]): string {
  const text = (value: string): string =>
    `'${value.split("\n")[0]!.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = all.flatMap(({ path, commands, flags }) => {
    const condition = `-n ${text(`__falco_at ${path}`)}`;
    return [
      ...commands.map(
        ([name, summary]) => `complete -c falco ${condition} -f -a ${text(name)} -d ${text(summary)}`,
      ),
      ...flags.map(([name, flag]) =>
        [
          `complete -c falco ${condition} -l ${name}`,
          ...(flag.short ? [`-s ${flag.short}`] : []),
          ...(takesValue(flag) ? (flag.choices ? [`-x -a ${text(flag.choices.join(" "))}`] : ["-r"]) : []),
          `-d ${text(flag.help)}`,
        ].join(" "),
      ),
    ];
  });
  const groups = all.flatMap(({ path, commands }) => commands.map(([name]) => text(`${path} ${name}`)));
  return `# fish completion for falco, made by "falco completion fish"
function __falco_at
  set -l path falco
  for word in (commandline -opc)[2..]
    contains -- "$path $word" ${groups.join(" ")}; and set path "$path $word"
  end
  test "$path" = "$argv"
end
${lines.join("\n")}
`;
}
