import { buildFor } from "./build.ts";
import type { Definition, EvaluateOptions } from "./definition.ts";
import type { Target } from "./target.ts";

const IMAGE = "\ue000image\ue001";
const ENTRY_POINT = "\ue000entry point\ue001";
const COMMAND = "\ue000command\ue001";
const variable = (name: string): string => `\ue000variable ${name}\ue001`;
const ANY = /\ue000[^\ue001]*\ue001/;

/**
 * Whether a container already looks like something the definition has made. The definition is applied
 * to stand-ins for image, entry point, command and variables; what it writes around them is the shape
 * to look for. Patching is idempotent by this alone: no mark is left in templates, and a copy of a
 * patched container is known too. A definition that writes nothing around them is never recognised,
 * and need not be: applying it again changes nothing.
 */
export function recognise(definition: Definition, target: Target, options: EvaluateOptions = {}): boolean {
  const standIn = { ...target, image: IMAGE, entryPoint: [ENTRY_POINT], command: [COMMAND] };
  const shape = buildFor(definition, standIn, options);
  const pairs: (readonly [shape: readonly string[], actual: readonly string[]])[] = [];
  if (!same(shape.entryPoint, [ENTRY_POINT])) pairs.push([shape.entryPoint, target.entryPoint]);
  if (!same(shape.command, [COMMAND])) pairs.push([shape.command, target.command]);
  if (shape.image !== IMAGE) pairs.push([[shape.image], [target.image]]);
  // Variables decide only where nothing else does: they may be set by other means than their value.
  if (pairs.length === 0) pairs.push(...extendedVariables(definition, target, options));
  return pairs.length > 0 && pairs.every(([wanted, actual]) => matches(wanted, actual));
}

/** The variables that the definition writes something around, with their shapes. */
function extendedVariables(
  definition: Definition,
  target: Target,
  options: EvaluateOptions,
): (readonly [string[], string[]])[] {
  const names = [...target.environmentVariables.keys()];
  const environmentVariables = new Map(names.map((name) => [name, variable(name)]));
  const { environment } = buildFor(definition, { ...target, environmentVariables }, options);
  return [...environment]
    .filter(([name, text]) => text.includes(variable(name)) && text !== variable(name))
    .map(([name, text]) => [[text], [target.environmentVariables.get(name)!]]);
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** Matches a list against a shape in which a stand-in for a list matches any number of items. */
function matches(shape: readonly string[], actual: readonly string[]): boolean {
  let s = 0;
  let a = 0;
  let star = -1;
  let starAt = 0;
  while (a < actual.length) {
    const wanted = shape[s];
    if (wanted === ENTRY_POINT || wanted === COMMAND) {
      star = s++;
      starAt = a;
    } else if (wanted !== undefined && matchesText(wanted, actual[a]!)) {
      s++;
      a++;
    } else if (star >= 0) {
      // Let the last stand-in take one item more and try again from there.
      s = star + 1;
      a = ++starAt;
    } else return false;
  }
  return shape.slice(s).every((rest) => rest === ENTRY_POINT || rest === COMMAND);
}

/** Matches text against pieces of text with stand-ins between them, each of which takes anything. */
function matchesText(shape: string, actual: string): boolean {
  const pieces = shape.split(new RegExp(ANY, "g"));
  if (pieces.length === 1) return shape === actual;
  const last = pieces.at(-1)!;
  let at = pieces[0]!.length;
  if (!actual.startsWith(pieces[0]!)) return false;
  for (const piece of pieces.slice(1, -1)) {
    const found = actual.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return actual.length - last.length >= at && actual.endsWith(last);
}
