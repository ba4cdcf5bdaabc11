import type { Field, FieldClass } from "./field.ts";

export type ListFormat = "text" | "markdown" | "json";

export interface ListOptions {
  readonly format: ListFormat;
  /** Only fields that this event source has; all sources when absent. */
  readonly source?: string;
  readonly namesOnly?: boolean;
  /** Text shows types too. */
  readonly verbose?: boolean;
}

const LEFT = 30;
const RIGHT = 90;

/** Tags that the text form shows in front of a description. */
const TAGS: readonly (readonly [tag: string, has: (field: Field) => boolean])[] = [
  ["ARG_ALLOWED", (f) => f.arg === "optional"],
  ["ARG_INDEX", (f) => f.argKind?.includes("INDEX") ?? false],
  ["ARG_KEY", (f) => f.argKind?.includes("KEY") ?? false],
  ["ARG_REQUIRED", (f) => f.arg === "required"],
  ["EPF_DEPRECATED", (f) => f.deprecated ?? false],
  ["EPF_IS_LIST", (f) => f.list ?? false],
  ["EPF_NO_RHS", (f) => f.noRhs ?? false],
  ["EPF_NO_TRANSFORMER", (f) => f.noTransformers ?? false],
  ["FILTER_ONLY", (f) => f.filterOnly ?? false],
];

const listed = (declared: FieldClass): readonly Field[] => declared.fields.filter((f) => !f.hidden);

/** Breaks a text into lines of the right-hand column. */
function wrap(text: string): string {
  let length = 0;
  let out = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (length + word.length + 1 > RIGHT) {
      out += `\n${" ".repeat(LEFT)}`;
      length = 0;
    }
    out += `${word} `;
    length += word.length + 1;
  }
  return out;
}

function classText(declared: FieldClass, sources: readonly string[], verbose: boolean): string {
  const short = declared.shortDescription ? ` (${declared.shortDescription})` : "";
  const lines = [
    "-------------------------------",
    `${"Field Class:".padEnd(LEFT)}${declared.name}${short}`,
    `${"Description:".padEnd(LEFT)}${wrap(declared.description)}`,
    `${"Event Sources:".padEnd(LEFT)}${sources.map((s) => `${s} `).join("")}`,
    "",
  ];
  for (const field of listed(declared)) {
    const tags = TAGS.filter(([, has]) => has(field)).map(([tag]) => tag);
    const parts = [
      verbose ? `(Type: ${field.type})` : "",
      tags.length ? `(${tags.join(",")})` : "",
      field.description,
    ];
    const name = field.name.length > LEFT ? `${field.name}\n${" ".repeat(LEFT)}` : field.name.padEnd(LEFT);
    lines.push(name + wrap(parts.filter(Boolean).join(" ")));
  }
  return `${lines.join("\n")}\n`;
}

function classMarkdown(declared: FieldClass, sources: readonly string[]): string {
  const rows = listed(declared).map((f) => {
    const type = f.list ? `LIST(${f.type})` : f.type;
    return `\`${f.name}\` | ${type} | ${f.description}`;
  });
  const head = [
    `## Field Class: ${declared.name}`,
    declared.description,
    `Event Sources: ${sources.map((s) => `${s} `).join("")}`,
  ];
  return `${head.join("\n\n")}\n\nName | Type | Description\n:----|:-----|:-----------\n${rows.join("\n")}\n`;
}

function classJson(declared: FieldClass, sources: readonly string[]): Record<string, unknown> {
  return {
    desc: declared.description,
    event_sources: sources,
    fields: listed(declared).map((f) => ({
      argument: f.arg ? { required: f.arg === "required", type: f.argKind ?? [] } : null,
      desc: f.description,
      is_list: f.list ?? false,
      name: f.name,
      type: f.type,
    })),
    name: declared.name,
  };
}

/** The list of fields as `--list` prints it, without the newline at the end. */
export function listFields(
  classes: readonly FieldClass[],
  sources: readonly string[],
  options: ListOptions,
): string {
  const wanted = options.source === undefined ? sources : [options.source];
  const shown = classes
    .map((declared) => ({
      declared,
      sources: wanted.filter((s) => declared.sources.length === 0 || declared.sources.includes(s)).sort(),
    }))
    .filter((entry) => entry.sources.length > 0);
  if (options.namesOnly) {
    const names = shown.flatMap(({ declared }) => listed(declared).map((f) => f.name));
    return options.format === "json" ? JSON.stringify({ fieldnames: names }, null, 2) : names.join("\n");
  }
  if (options.format === "json") {
    return JSON.stringify({ fieldclasses: shown.map((e) => classJson(e.declared, e.sources)) }, null, 2);
  }
  const one = options.format === "markdown" ? classMarkdown : classText;
  return shown.map((e) => one(e.declared, e.sources, options.verbose ?? false)).join("\n");
}
