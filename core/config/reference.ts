import type { Key } from "./declare.ts";
import { initialValue } from "./initial.ts";
import { schema } from "./schema.ts";

export interface KeyReference {
  /** As `-o` takes it; `[]` stands for each item of a list. */
  readonly key: string;
  readonly type: string;
  readonly initial: string;
  readonly doc: string;
  readonly secret: boolean;
  readonly restart: boolean;
  readonly inert: string | undefined;
}

/** Every key in the order of the sample file, for the reference page and for completion of `-o`. */
export function configReference(): KeyReference[] {
  const out: KeyReference[] = [];
  const walk = (key: Key, path: string, restarts = false): void => {
    const restart = restarts || (key.restart ?? false);
    if (key.kind === "object") {
      for (const [name, child] of Object.entries(key.keys))
        walk(child, path ? `${path}.${name}` : name, restart);
      return;
    }
    out.push({
      key: path,
      type: typeName(key),
      initial: key.kind === "either" ? "" : JSON.stringify(initialValue(key)),
      doc: key.doc,
      secret: key.secret ?? false,
      restart,
      inert: key.inert,
    });
    const item = key.kind === "list" ? (key.item.kind === "either" ? key.item.object : key.item) : undefined;
    if (item?.kind === "object") walk(item, `${path}[]`, restart);
  };
  walk(schema, "");
  return out;
}

/** The reference page in Markdown. */
export function configMarkdown(): string {
  const rows = configReference().map(({ key, type, initial, doc, restart, inert }) => {
    const notes = [
      doc,
      ...(restart ? ["Takes effect at the next start."] : []),
      ...(inert ? [`No effect here: ${inert}.`] : []),
    ];
    const cell = (text: string): string => text.replaceAll("|", "\\|");
    return `| \`${key}\` | ${type} | ${initial ? `\`${cell(initial)}\`` : ""} | ${cell(notes.join(" "))} |`;
  });
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}

function typeName(key: Key): string {
  if (key.kind === "text" && key.choices) return key.choices.words.join(", ");
  if (key.kind === "list") return `list of ${typeName(key.item)}`;
  if (key.kind === "either") return `${typeName(key.text)} or ${typeName(key.object)}`;
  return key.kind === "object" ? "map" : key.kind === "bool" ? "true, false" : key.kind;
}
