import { type Atom, type Condition, isGroup, type PlaceAtom } from "../capture/ebpf/call-condition.ts";
import type { DescriptorAtom } from "../capture/ebpf/fd-facts.ts";
import { KINDS } from "../capture/ebpf/fd-kinds.ts";

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
  if (atom.kind === "place") return atom.host ? "processes in containers" : "processes of the host";
  if (atom.kind === "descriptor") return leftOutKinds(atom);
  if (atom.kind === "path")
    return `${atom.parameter} ${atom.negated ? "" : "other than "}${valuesOf(atom).join(", ")}`;
  const values = valuesOf(atom).join(", ");
  return atom.negated ? `${NOUNS[atom.kind]} ${values}` : `${NOUNS[atom.kind]} other than ${values}`;
}

/** What is left out of kinds, whichever is shorter to say. */
function leftOutKinds({ passing, orUnconnected }: DescriptorAtom): string {
  const namesOf = (isKept: boolean): readonly string[] =>
    KINDS.filter(({ bit }) => ((bit & passing) !== 0) === isKept).map(({ name }) => name);
  const [kept, left] = [namesOf(true), namesOf(false)];
  if (orUnconnected || kept.length <= left.length) {
    const others = [...kept, ...(orUnconnected ? ["unconnected sockets"] : [])];
    return others.length === 0 ? "all descriptors" : `descriptors other than ${others.join(", ")}`;
  }
  return `descriptors ${left.join(", ")}`;
}

const NOUNS: Readonly<Record<Exclude<Atom["kind"], "path" | "place" | "descriptor">, string>> = {
  user: "users",
  program: "programs",
};

function valuesOf(atom: Exclude<Atom, PlaceAtom | DescriptorAtom>): readonly string[] {
  switch (atom.kind) {
    case "user":
      return atom.ranges.map(rangeText);
    case "program":
    case "path":
      return [...atom.names, ...atom.prefixes.map((prefix) => `${prefix}*`)];
  }
}
