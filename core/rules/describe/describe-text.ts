import type { Description } from "./describe.ts";

const NAME_WIDTH = 50;
const TEXT_WIDTH = 110 - NAME_WIDTH - 1;

/** Words in lines that fit, each word followed by a blank; further lines start below the first. */
function wrap(text: string): string {
  let out = "";
  let length = 0;
  for (const word of text.split(/\s+/).filter((w) => w !== "")) {
    const bytes = Buffer.byteLength(word) + 1;
    if (length + bytes > TEXT_WIDTH) {
      out += `\n${" ".repeat(NAME_WIDTH + 1)}`;
      length = 0;
    }
    out += `${word} `;
    length += bytes;
  }
  return out;
}

const columns = (name: string, text: string): string => `${name.padEnd(NAME_WIDTH)} ${text}\n`;

/** Names and descriptions of rules in two columns, as `falco -L` prints them. */
export function describeText({ rules }: Description): string {
  const rows = rules.map(({ info }) =>
    columns(String(info["name"]), `${wrap(String(info["description"]))}\n`),
  );
  return [columns("Rule", "Description"), columns("----", "-----------"), ...rows].join("");
}
