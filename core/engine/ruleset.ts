import { FIELD_CLASSES, fieldRegistry, staticFields } from "../fields/all.ts";
import type { Context, FieldRegistry } from "../fields/field.ts";
import type { Priority } from "../outputs/alert.ts";
import { Matcher } from "../rules/compile/matcher.ts";
import { type RunningRule, runningRule } from "../rules/load/compiled.ts";
import { loadFailure } from "../rules/load/load-failure.ts";
import { RulesLoader } from "../rules/load/rules-loader.ts";
import { type OutputAddition, suggestedOutput } from "../rules/output/additions.ts";
import { type Selection, selectRules } from "../rules/select.ts";
import type { ErrorMessage } from "./messages.ts";

/** An entry of `append_output`: an addition, or the suggestions of a source (or of all). */
export type Addition = OutputAddition | { readonly suggested: true; readonly source?: string };

/** Rules as they travel to the engine's thread: texts and choices, nothing compiled. */
export interface RulesInput {
  readonly files: readonly { readonly name: string; readonly content: string }[];
  readonly selections: readonly Selection[];
  readonly priority: Priority;
  /** Only the first rule that matches an event alerts. */
  readonly firstOnly: boolean;
  readonly additions: readonly Addition[];
  readonly staticFields: Readonly<Record<string, string>>;
  readonly sources: readonly string[];
}

export interface FileReport {
  readonly name: string;
  readonly successful: boolean;
  /** `ok`, or the first fault of the schema pass. */
  readonly schema: string;
  /** The result as the reference prints it; empty when there is nothing to say. */
  readonly text: string;
  /** What is wrong, with place and picture, when it is not successful. */
  readonly failure?: ErrorMessage;
}

export interface RulesReport {
  readonly ok: boolean;
  readonly files: readonly FileReport[];
  /** Rules in order of definition, and how many of them run. */
  readonly rules: readonly string[];
  readonly enabled: number;
}

/** Fields of the event sources in play, with those of the configuration. */
export function registryFor(input: Pick<RulesInput, "sources" | "staticFields">): FieldRegistry {
  return fieldRegistry([...FIELD_CLASSES, staticFields(input.staticFields)], input.sources);
}

/** The additions, with the suggestions of sources spelled out. */
export const expandAdditions = (additions: readonly Addition[], registry: FieldRegistry): OutputAddition[] =>
  additions.flatMap((addition) =>
    "suggested" in addition ? suggestedOutput(registry, addition.source) : [addition],
  );

/** Compiled rules by event source. */
export class Ruleset {
  readonly rules: readonly RunningRule[];
  readonly #bySource = new Map<string, Matcher<RunningRule>>();
  /** The source of the last event and what its rules are in: most engines have one. */
  #source = "";
  #matcher: Matcher<RunningRule> | undefined = undefined;

  constructor(rules: readonly RunningRule[], firstOnly: boolean) {
    this.rules = rules;
    for (const source of new Set(rules.map((rule) => rule.definition.source))) {
      const own = rules.filter((rule) => rule.definition.source === source);
      this.#bySource.set(source, new Matcher(own, firstOnly));
    }
  }

  /** Codes of the events that rules of the source can match. */
  codes(source: string): ReadonlySet<number> {
    return this.#bySource.get(source)?.codes ?? new Set();
  }

  match(context: Context, onMatch: (rule: RunningRule) => void): void {
    const source = context.state.sourceName;
    if (source === undefined) return;
    if (source !== this.#source) {
      this.#source = source;
      this.#matcher = this.#bySource.get(source);
    }
    this.#matcher?.match(context, onMatch);
  }
}

/**
 * Loads files in order; the first that has an error ends it, and there is no rule set then. `onStep` runs every
 * millisecond or so meanwhile.
 */
export function loadRuleset(
  input: RulesInput,
  onStep: () => void = () => {},
): { readonly report: RulesReport; readonly ruleset?: Ruleset } {
  const registry = registryFor(input);
  const loader = new RulesLoader({ registry, additions: expandAdditions(input.additions, registry), onStep });
  const files: FileReport[] = [];
  for (const { name, content } of input.files) {
    const result = loader.load(name, content);
    const failure = loadFailure(result);
    const { code, message, hint, place, excerpt } = failure ?? { code: "", message: "" };
    files.push({
      name,
      successful: result.successful,
      schema: result.schemaStatus,
      text: result.warnings.length > 0 || !result.successful ? result.verbose() : "",
      ...(failure
        ? {
            failure: {
              code,
              message,
              options: {
                ...(hint ? { hint } : {}),
                ...(place ? { place } : {}),
                ...(excerpt !== undefined ? { excerpt } : {}),
              },
            },
          }
        : {}),
    });
    if (!result.successful) return { report: { ok: false, files, rules: [], enabled: 0 } };
  }
  const { rules } = loader.compiled;
  const running = selectRules(rules, input.selections, input.priority);
  const report = { ok: true, files, rules: rules.map((rule) => rule.name), enabled: running.length };
  return { report, ruleset: new Ruleset(running.map(runningRule), input.firstOnly) };
}
