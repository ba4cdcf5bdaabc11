import type { Matchable } from "../compile/matcher.ts";
import type { ConditionNode } from "../language/ast.ts";
import type { Template } from "../output/template.ts";
import type { RuleDefinition } from "../read/definitions.ts";

/** An extra key of `output_fields`, ready to be read. */
export interface CompiledExtra {
  readonly key: string;
  /** The text of the template. */
  readonly format: string;
  readonly template: Template;
  readonly raw: boolean;
}

/** A rule that may run. */
export interface CompiledRule extends Matchable {
  readonly name: string;
  readonly definition: RuleDefinition;
  /** The condition as a tree, macros and lists resolved, exceptions added. */
  readonly tree: ConditionNode;
  /** The output's text with everything that was appended. */
  readonly outputText: string;
  readonly output: Template;
  readonly extras: readonly CompiledExtra[];
}

/** A rule as it runs. What only loading and describing it take (trees, places in files) is not kept. */
export interface RunningRule extends Matchable {
  readonly name: string;
  readonly definition: Pick<RuleDefinition, "priority" | "source" | "tags" | "capture" | "captureDuration">;
  readonly output: Template;
  readonly extras: readonly CompiledExtra[];
}

export function runningRule({
  name,
  definition,
  output,
  extras,
  condition,
  codes,
}: CompiledRule): RunningRule {
  const { priority, source, tags, capture, captureDuration } = definition;
  return {
    name,
    definition: { priority, source, tags, capture, captureDuration },
    output,
    extras,
    condition,
    codes,
  };
}

export interface CompiledMacro {
  readonly name: string;
  readonly tree: ConditionNode;
  readonly used: boolean;
}

export interface CompiledList {
  readonly name: string;
  readonly items: readonly string[];
  readonly used: boolean;
}

/** Everything collected so far, compiled. */
export interface Compiled {
  readonly rules: readonly CompiledRule[];
  readonly macros: readonly CompiledMacro[];
  readonly lists: readonly CompiledList[];
}
