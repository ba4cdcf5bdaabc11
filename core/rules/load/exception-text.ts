import { quoteItem } from "../language/lists.ts";
import type { ExceptionDefinition, ExceptionEntry } from "../read/definitions.ts";
import { takesList } from "./collector.ts";
import { LoadError } from "./load-result.ts";

function refuse(message: string, exception: ExceptionDefinition): never {
  throw new LoadError("LOAD_ERR_VALIDATE", message, exception.context);
}

/** One field compared with many values: `(field in (a, b))`. */
function singleField(exception: ExceptionDefinition): string {
  const values = exception.values.map((value) => {
    if (typeof value !== "string") refuse("Expected values array to contain a list of strings", exception);
    return quoteItem(value);
  });
  return values.length === 0
    ? ""
    : `(${String(exception.fields)} ${String(exception.comps)} (${values.join(", ")}))`;
}

function operandText(value: ExceptionEntry, operator: string): string {
  if (typeof value !== "string") return `(${value.map((v) => quoteItem(String(v))).join(", ")})`;
  if (!takesList(operator)) return quoteItem(value);
  return value.startsWith("(") ? value : `(${value})`;
}

/** Tuples of values: `((f1 = a and f2 = b) or (…))`. */
function fieldTuples(exception: ExceptionDefinition): string {
  const fields = exception.fields as readonly ExceptionEntry[];
  const comps = exception.comps as readonly ExceptionEntry[];
  const tuples = exception.values.map((tuple) => {
    if (typeof tuple === "string" || tuple.length !== fields.length) {
      refuse("Fields and values lists must have equal length", exception);
    }
    const checks = fields.map((field, i) => {
      const operator = String(comps[i] ?? "");
      return ` ${String(field)} ${operator} ${operandText(tuple[i]!, operator)}`;
    });
    return `(${checks.join(" and ")})`;
  });
  return tuples.length === 0 ? "" : `(${tuples.join(" or ")})`;
}

/** A rule's condition with its exceptions: `(condition) and not (…) and not (…)`. */
export function withExceptions(condition: string, exceptions: readonly ExceptionDefinition[]): string {
  if (exceptions.length === 0) return condition;
  let text = `(${condition})`;
  for (const exception of exceptions) {
    const excluded = typeof exception.fields === "string" ? singleField(exception) : fieldTuples(exception);
    if (excluded !== "") text += ` and not ${excluded}`;
  }
  return text;
}

/** The fields that a rule's exceptions compare, once each. */
export const exceptionFields = (exceptions: readonly ExceptionDefinition[]): string[] => [
  ...new Set(
    exceptions
      .filter((e) => e.values.length > 0)
      .flatMap((e) => (typeof e.fields === "string" ? [e.fields] : (e.fields ?? []).map(String))),
  ),
];
