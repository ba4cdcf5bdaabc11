import { FalcoError } from "../errors.ts";
import { FIELD_CLASSES, fieldRegistry } from "../fields/all.ts";
import type { Context } from "../fields/field.ts";
import { Binder } from "../rules/check/bind.ts";
import { CheckError } from "../rules/check/check-error.ts";
import { Matcher } from "../rules/compile/matcher.ts";
import { EventCodeError, eventCodesOf } from "../rules/language/event-codes.ts";
import { parseCondition } from "../rules/language/parser.ts";
import { ConditionSyntaxError } from "../rules/language/scanner.ts";

/** A condition on its own, as rules have them, but without lists and macros. */
export interface Filter {
  /** Codes of the events it can be true for. */
  readonly codes: ReadonlySet<number>;
  matches(context: Context): boolean;
}

const SOURCE = "syscall";

/** Compiles a condition on system calls. Throws a FalcoError that shows the place of a mistake. */
export function compileFilter(text: string): Filter {
  try {
    const tree = parseCondition(text);
    const { node } = new Binder(fieldRegistry(FIELD_CLASSES, [SOURCE]), SOURCE).bind(tree);
    const matcher = new Matcher([{ condition: node, codes: eventCodesOf(tree) }], true);
    let hit = false;
    const onMatch = (): void => {
      hit = true;
    };
    return {
      codes: matcher.codes,
      matches: (context) => {
        hit = false;
        matcher.match(context, onMatch);
        return hit;
      },
    };
  } catch (error) {
    throw filterError(text, error);
  }
}

function filterError(text: string, error: unknown): unknown {
  if (error instanceof EventCodeError) return refusal(error.message, text);
  if (error instanceof ConditionSyntaxError) return refusal(error.message, text, error.pos.index);
  if (!(error instanceof CheckError)) return error;
  const meant = error.suggestion?.();
  return refusal(error.message, text, error.pos?.index, meant && `did you mean "${meant}"?`);
}

const refusal = (reason: string, text: string, index = 0, hint?: string): FalcoError =>
  new FalcoError("FILTER", `Cannot use the filter: ${reason}`, {
    place: { file: "filter", line: 1, column: index + 1 },
    excerpt: text,
    hint:
      hint ??
      'a filter is a condition as rules have it, for example "evt.type=openat and fd.name startswith /etc"',
  });
