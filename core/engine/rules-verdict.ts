import type { CompiledRule } from "../rules/load/compiled.ts";
import type { Context } from "../rules/load/context.ts";
import { placeOf } from "../rules/load/load-failure.ts";
import type { LoadResult } from "../rules/load/load-result.ts";
import type { RuleFinding, RuleInfo, RulesVerdict } from "../server/grpc/backend.ts";

/** The innermost thing with a name around a place: `rule "Read shadow"`. */
function itemOf(context: Context): string {
  const named = context.locations.findLast(({ type, name }) => name !== "" && type !== "value for");
  return named ? `${named.type} "${named.name}"` : context.file.name;
}

/** What the API's clients are told of loading files. Places are counted from 1. */
export function rulesVerdict(results: readonly LoadResult[]): RulesVerdict {
  const findings = results.flatMap((result) => {
    const finding = (severity: RuleFinding["severity"], code: string, message: string, context: Context) => {
      const { line, column } = placeOf(context);
      return { severity, code, message, item: itemOf(context), line, column };
    };
    return [
      ...result.errors.map(({ code, message, context, suggestion }) =>
        finding("error", code, suggestion ? `${message} (did you mean "${suggestion}"?)` : message, context),
      ),
      ...result.warnings.map(({ code, message, context }) => finding("warning", code, message, context)),
    ];
  });
  const ok = results.every((result) => result.successful);
  return { ok, findings, result: { falco_load_results: results.map((result) => result.json()) } };
}

/** A loaded rule as the API shows it. `own` names the document that the API itself owns. */
export function ruleInfo(rule: CompiledRule, enabled: boolean, own: string): RuleInfo {
  const { name, definition } = rule;
  const { name: file } = definition.context.file;
  return {
    name,
    source: definition.source,
    priority: definition.priority,
    condition: definition.condition,
    output: definition.output,
    description: definition.description,
    tags: definition.tags,
    enabled,
    file: file === own ? undefined : file,
  };
}
