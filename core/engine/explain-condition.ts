import { type Atom, type Condition, isGroup } from "../capture/ebpf/call-condition.ts";

/** What a condition leaves out, in words, one text a part: `users other than 0`. */
export function leftOutBy(condition: Condition): readonly string[] {
  if (!isGroup(condition)) return [leftOut(condition)];
  // To be left out by "all" one part is enough.
  if (condition.kind === "all") return condition.parts.flatMap(leftOutBy);
  return [condition.parts.map((part) => enclosed(leftOutBy(part))).join(" and ")];
}

const enclosed = (texts: readonly string[]): string =>
  texts.length === 1 ? texts[0]! : `(${texts.join(" or ")})`;

const LAST_UID = 0xffff_ffff;
const rangeText = ([from, to]: readonly [number, number]): string => {
  if (from === to) return String(from);
  return to === LAST_UID ? `from ${from}` : `${from} to ${to}`;
};

function leftOut(atom: Atom): string {
  const values = valuesOf(atom).join(", ");
  if (atom.kind === "path") return `${atom.parameter} ${atom.negated ? "" : "other than "}${values}`;
  return atom.negated ? `${NOUNS[atom.kind]} ${values}` : `${NOUNS[atom.kind]} other than ${values}`;
}

const NOUNS: Readonly<Record<Exclude<Atom["kind"], "path">, string>> = { user: "users", program: "programs" };

function valuesOf(atom: Atom): readonly string[] {
  switch (atom.kind) {
    case "user":
      return atom.ranges.map(rangeText);
    case "program":
    case "path":
      return [...atom.names, ...atom.prefixes.map((prefix) => `${prefix}*`)];
  }
}
