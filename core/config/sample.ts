import { stringify } from "yaml";
import type { Key, ObjectKey } from "./declare.ts";
import { initialValue } from "./initial.ts";
import { schema } from "./schema.ts";

const WIDTH = 100;

/** The sample falco.yaml: every key with its comment and the value it has when there is no file. */
export function sampleConfig(): string {
  const head = [
    "# Configuration of falco. Every key is shown with the value it has when there is no configuration file.",
    `# \${NAME} in a value stands for the environment variable NAME; $\${NAME} stands for itself.`,
  ];
  return `${head.join("\n")}\n\n${section(schema, "")}`;
}

function section(object: ObjectKey, indent: string): string {
  const shown = Object.entries(object.keys).filter(([, key]) => !key.hidden);
  const blocks = shown.map(([name, key]) => {
    const comment = wrap(commentOf(key), `${indent}# `);
    if (key.kind === "object") return `${comment}${indent}${name}:\n${section(key, `${indent}  `)}`;
    const text = stringify({ [name]: initialValue(key) }, { lineWidth: 0 }).trimEnd();
    return `${comment}${text.replace(/^/gm, indent)}\n`;
  });
  return blocks.join(indent === "" ? "\n" : "");
}

/** What a reader must know besides the meaning: what leaving a key out means, and what has no effect here. */
function commentOf(key: Key): string {
  const parts = [key.doc];
  if (key.kind === "text" && key.choices) {
    const words = key.choices.words.filter((word) => !key.doc.includes(`\`${word}\``));
    if (words.length > 0) parts.push(`One of ${key.choices.words.join(", ")}.`);
  }
  if ("absent" in key && key.kind !== "list" && JSON.stringify(key.absent) !== JSON.stringify(key.initial)) {
    parts.push(`Left out: ${JSON.stringify(key.absent)}.`);
  }
  if (key.inert) parts.push(`No effect here: ${key.inert}.`);
  return parts.join(" ");
}

function wrap(text: string, prefix: string): string {
  let out = "";
  let line = prefix.trimEnd();
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > WIDTH) {
      out += `${line}\n`;
      line = prefix.trimEnd();
    }
    line += ` ${word}`;
  }
  return `${out}${line}\n`;
}
