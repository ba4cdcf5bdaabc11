export interface Family {
  /** Name without the common prefix. */
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly doc: string;
}

const PREFIX = "falcosecurity_";

/**
 * A page in Prometheus' text format. Samples may come in any order: those of one family are printed together below one
 * HELP and one TYPE line, as the format demands, and a sample given twice is printed once, with its last value.
 */
export class Exposition {
  readonly #families = new Map<string, { family: Family; samples: Map<string, string> }>();

  add(family: Family, labels: Readonly<Record<string, string>>, value: string): void {
    const name = PREFIX + family.name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/_+/g, "_");
    let entry = this.#families.get(name);
    if (!entry) {
      entry = { family, samples: new Map() };
      this.#families.set(name, entry);
    }
    entry.samples.set(labelText(labels), value);
  }

  text(): string {
    let out = "";
    for (const [name, { family, samples }] of this.#families) {
      out += `# HELP ${name} ${family.doc}\n# TYPE ${name} ${family.kind}\n`;
      for (const [labels, value] of samples) out += `${name}${labels} ${value}\n`;
    }
    return out;
  }
}

/** `{a="1",b="2"}`, sorted by name; nothing without labels. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
