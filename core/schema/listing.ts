import { EVENT } from "./event-codes.ts";
import { EF, type EventInfo, type Param } from "./event-row.ts";
import { EVENTS } from "./events.ts";
import { SYSCALLS } from "./syscalls.ts";

interface Entry {
  readonly name: string;
  readonly info: EventInfo;
  /** Captured without asking for it: not among the I/O calls that are ignored by default. */
  readonly available: boolean;
}

const CATEGORIES: readonly (readonly [title: string, origin: string])[] = [
  ["Syscall events", "SYSCALL"],
  ["Tracepoint events", "TRACEPOINT"],
  ["Plugin events", "PLUGIN"],
  ["Metaevents", "METAEVENT"],
];

const IO = new Set(["IO_READ", "IO_WRITE"]);

/** Calls that move data and change no state: watched only when asked for (`base_syscalls.all`). */
export const IGNORED_SYSCALLS: readonly string[] = SYSCALLS.filter((s) => {
  const exit = EVENTS[EVENT[s.exit as keyof typeof EVENT] ?? -1];
  return exit !== undefined && IO.has(exit.category) && !(exit.flags & EF.MODIFIES_STATE);
}).map((s) => s.name);

const eventNamesOf = (syscalls: readonly string[]): string[] => [
  ...new Set(
    syscalls.map((name) => EVENTS.find((e) => e.code & 1 && e.syscalls.includes(name))?.name ?? name),
  ),
];

/** Names of the ignored events, as `-i` prints them. */
export const ignoredEventNames = (): string[] => eventNamesOf(IGNORED_SYSCALLS);

function entries(origin: string): Entry[] {
  const skipped = EF.OLD_VERSION | EF.UNUSED;
  const ignored = new Set(ignoredEventNames());
  const own = EVENTS.filter(
    (e) =>
      e.origin === origin && !(e.flags & skipped) && e.code !== EVENT.GENERIC_E && e.code !== EVENT.GENERIC_X,
  ).map((info): Entry => ({ name: info.name, info, available: !ignored.has(info.name) }));
  if (origin !== "SYSCALL") return own;
  const generic = SYSCALLS.filter((s) => s.exit === "GENERIC_X").flatMap((s): Entry[] =>
    [EVENT.GENERIC_E, EVENT.GENERIC_X].map((code) => ({
      name: s.name,
      info: EVENTS[code]!,
      available: true,
    })),
  );
  return [...own, ...generic];
}

const isFlags = (param: Param): boolean => param.type.includes("FLAGS") && param.flags !== undefined;

const paramText = (param: Param, quote: string): string => {
  const flags = isFlags(param) ? `: ${param.flags!.map(([name]) => quote + name + quote).join(", ")}` : "";
  return `${param.type} **${param.name}**${flags}`;
};
const direction = (info: EventInfo): string => (info.code & 1 ? "<" : ">");

function json(schemaVersion: string): string {
  const root: Record<string, unknown> = { schema_version: schemaVersion };
  for (const [title, origin] of CATEGORIES) {
    root[title] = entries(origin).map(({ name, info, available }) => ({
      available,
      dir: direction(info),
      name,
      params: info.params.map((p) => ({
        ...(isFlags(p) ? { flags: p.flags!.map(([flag]) => flag) } : {}),
        name: p.name,
        type: p.type,
      })),
    }));
  }
  return JSON.stringify(root, null, 2);
}

/** The list of events as `--list-events` prints it. */
export function listEvents(format: "text" | "markdown" | "json", schemaVersion: string): string {
  if (format === "json") return json(schemaVersion);
  const markdown = format === "markdown";
  const sections = CATEGORIES.map(([title, origin]) => {
    const lines = entries(origin).map(({ name, info, available }) => {
      const params = info.params.map((p) => paramText(p, markdown ? "*" : "")).join(", ");
      return markdown
        ? `${available ? "Yes" : "No"} | \`${direction(info)}\` | \`${name}\` | ${params}`
        : `${direction(info)} ${name}(${params})`;
    });
    const head = markdown ? "Default | Dir | Name | Params \n:-------|:----|:-----|:-----\n" : "";
    return `## ${title}\n\n${head}${lines.map((line) => `${line}\n`).join("")}\n`;
  });
  return `The events below are valid for Falco *Schema Version*: ${schemaVersion}\n${sections.join("")}`;
}
