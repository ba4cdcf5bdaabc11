import fc from "fast-check";
import type { Condition } from "../../core/capture/ebpf/call-condition.ts";
import type { DescriptorAtom } from "../../core/capture/ebpf/fd-facts.ts";
import { INET, KIND } from "../../core/capture/ebpf/fd-kinds.ts";
import { MAX_PATH_TEXT, type PathAtom } from "../../core/capture/ebpf/path-condition.ts";

export interface Who {
  readonly uid: number;
  readonly comm: string;
  /** Empty on the host. */
  readonly containerId: string;
}

/** A call as the programs see it. */
export interface Seen extends Who {
  readonly result: number;
  readonly texts: Readonly<Record<string, string>>;
  /** Bits of KIND of its descriptor, 0 or none where nothing is known. */
  readonly kinds?: number;
}

function kindPasses({ passing, orUnconnected }: DescriptorAtom, { kinds = 0, result }: Seen): boolean {
  if (kinds === 0 || (kinds & passing) !== 0) return true;
  const isUnconnected = (kinds & KIND.CONNECTED) === 0 && (kinds & INET) !== 0;
  return orUnconnected === true && isUnconnected && result >= 0;
}

/** Undefined where it can't be told. */
function pathHolds(atom: PathAtom, seen: Seen): boolean | undefined {
  const { form, otherwise, names, prefixes, negated } = atom;
  const text = seen.texts[atom.parameter]!;
  if (otherwise !== undefined && seen.result !== 0) return otherwise;
  if (form !== "raw" && !text.startsWith("/")) return undefined;
  if (form === "normalised" && (text.length >= MAX_PATH_TEXT || /\/[/.]|\/$/.test(text))) return undefined;
  return (names.includes(text) || prefixes.some((prefix) => text.startsWith(prefix))) !== negated;
}

/** Thrown where something can't be told: the call passes then. */
const OPEN = new Error("open");

function holds(condition: Condition, who: Seen): boolean {
  switch (condition.kind) {
    case "path": {
      const found = pathHolds(condition, who);
      if (found === undefined) throw OPEN;
      return found;
    }
    case "place":
      return (who.containerId === "") === condition.host;
    case "descriptor":
      return kindPasses(condition, who);
    case "all":
      return condition.parts.every((part) => holds(part, who));
    case "any":
      return condition.parts.some((part) => holds(part, who));
    case "user":
      return condition.ranges.some(([from, to]) => who.uid >= from && who.uid <= to) !== condition.negated;
    case "program": {
      const { names, prefixes, negated } = condition;
      const found = names.includes(who.comm) || prefixes.some((prefix) => who.comm.startsWith(prefix));
      return found !== negated;
    }
  }
}

/** Whether a call passes, as the programs have it. */
export function conditionPasses(condition: Condition, seen: Seen): boolean {
  try {
    return holds(condition, seen);
  } catch (error) {
    if (error !== OPEN) throw error;
    return true;
  }
}

/** Conditions made of checks. */
export const combined = (check: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      check,
      fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} and ${b})`),
      fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} or ${b})`),
      tie("node").map((inner) => `not (${inner})`),
    ),
  })).node;
