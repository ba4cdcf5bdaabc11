import { configReference } from "../core/config/reference.ts";
import { VERSIONS } from "../core/versions.ts";
import type { Command } from "./command.ts";
import { flagLabel, flagText, usageLines } from "./help.ts";
import { head, heading, paragraphs, roff, subheading, term, verbatim } from "./roff.ts";
import { walkCommands } from "./walk-commands.ts";

const SIGNALS: readonly (readonly [name: string, does: string])[] = [
  ["SIGINT, SIGTERM", "End: deliver what waits in the outputs, print the statistics."],
  ["SIGHUP", "Read configuration and rules anew; where they are bad, go on with the old ones and say so."],
  ["SIGUSR1", "Open the output files anew, after they were rotated."],
];

const EXIT_CODES: readonly (readonly [code: string, means: string])[] = [
  ["0", "Ended as asked, or everything was printed."],
  [
    "1",
    "Could not start or go on, input was invalid, or the command line was wrong; standard error says why.",
  ],
];

const ENVIRONMENT: readonly (readonly [name: string, means: string])[] = [
  ["FALCO_HOSTNAME", "Name of the machine in alerts, instead of its own."],
  ["HOST_ROOT", "Where the file system of the host is, when falco runs in a container."],
  ["NO_COLOR", "Print help without bold text."],
];

/** falco(8): every command with its options. */
export async function commandsManPage(root: Command): Promise<string> {
  const nodes = await walkCommands(root);
  const usages = nodes.flatMap(({ path, command }) =>
    command.run || command.fallback ? usageLines(command, path).split("\n").slice(0, 1) : [],
  );
  return [
    head("falco", 8, VERSIONS.falco),
    `${heading("Name")}falco \\- ${roff(root.summary)}\n`,
    heading("Synopsis"),
    verbatim(usages.map((line) => line.trim())),
    heading("Description"),
    paragraphs(root.description ?? root.summary),
    heading("Options"),
    options(root),
    heading("Commands"),
    ...nodes.slice(1).map(({ path, command }) => commandSection(path, command)),
    heading("Signals"),
    ...SIGNALS.map(([name, does]) => term(name, does)),
    heading("Exit status"),
    ...EXIT_CODES.map(([code, means]) => term(code, means)),
    heading("Environment"),
    ...ENVIRONMENT.map(([name, means]) => term(name, means)),
    heading("Files"),
    term("/etc/falco/falco.yaml", "The configuration, unless -c names another file."),
    term("/etc/falco/falco_rules.yaml", "Rules, where the configuration names them."),
    heading("See also"),
    paragraphs("falco.yaml(5)"),
  ].join("");
}

const options = ({ flags = {} }: Command): string =>
  Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([name, flag]) => term(flagLabel(name, flag).trim(), flagText(flag)))
    .join("");

function commandSection(path: string, command: Command): string {
  const { summary, description, positionals = [], examples = [] } = command;
  // The options of `falco run` are those of falco itself.
  const own = path === "falco run" ? "" : options(command);
  return [
    subheading(path),
    paragraphs(description ?? `${summary}.`),
    ...positionals.map(({ name, help }) => term(name, help)),
    own,
    examples.length > 0 ? verbatim(examples) : "",
  ].join("");
}

/** falco.yaml(5): every key of the configuration. */
export function configManPage(): string {
  const keys = configReference().map(({ key, type, initial, doc, restart, inert }) => {
    const start = initial && initial !== '""' ? `; default ${initial.replaceAll(",", ", ")}` : "";
    const notes = [
      doc,
      `${type[0]?.toUpperCase()}${type.slice(1)}${start}.`,
      ...(restart ? ["Takes effect at the next start."] : []),
      ...(inert ? [`No effect here: ${inert}.`] : []),
    ];
    return term(key, notes.join(" "));
  });
  return [
    head("falco.yaml", 5, VERSIONS.falco),
    `${heading("Name")}falco.yaml \\- configuration of falco\n`,
    heading("Description"),
    paragraphs(
      "YAML. Looked for in /etc/falco/falco.yaml, then /usr/local/etc/falco/falco.yaml; falco -c FILE names another one, and " +
        "falco -o KEY=VALUE sets one key over it. A value may name environment variables as ${NAME}; $${NAME} stands for itself.\n\n" +
        "Keys are written here as -o takes them: a dot before each inner key, [] for the items of a list.",
    ),
    heading("Keys"),
    ...keys,
    heading("See also"),
    paragraphs("falco(8)"),
  ].join("");
}
