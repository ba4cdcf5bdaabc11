import { loadConfig } from "../core/config/load.ts";
import { readRulesFiles } from "../core/config/rules-files.ts";
import { describeFiles } from "../core/engine/describe-files.ts";
import { validateRules } from "../core/engine/validate-rules.ts";
import { FalcoError } from "../core/errors.ts";
import { loadedPlugins } from "../core/plugins.ts";
import { describeText } from "../core/rules/describe/describe-text.ts";
import type { LoadResult } from "../core/rules/load/load-result.ts";
import { rulesInput } from "../core/settings.ts";
import { loadOptions } from "./config/config-flags.ts";
import { err, out } from "./print.ts";

/**
 * Checks rules files and prints the outcome: text, or one line of JSON if asked for here or by `json_output`.
 * Returns the exit code.
 */
export function printValidation(
  paths: readonly string[],
  flags: {
    config: string | undefined;
    option: readonly string[];
    "list-rules"?: boolean;
    rule?: string | undefined;
  },
  asJson = false,
): number {
  const loaded = loadConfig(loadOptions(flags));
  const { config } = loaded;
  const input = rulesInput(config, readRulesFiles(paths, true), undefined, loadedPlugins(loaded));
  const { results, ok, unmet } = validateRules(input);
  if (unmet !== undefined) throw new FalcoError("RULES_PLUGIN", unmet);
  const wanted = flags["list-rules"] === true || flags.rule !== undefined;
  const description = ok && wanted ? describeFiles(input, flags.rule) : undefined;
  if (asJson || config.json_output) {
    const described = description ? { falco_describe_results: description } : {};
    out(JSON.stringify({ ...described, falco_load_results: results.map((r) => r.json()) }));
  }
  // A line end of its own, also behind a text that has one: tools compare this.
  else out(`${results.map((result) => result.validationText()).join("\n")}\n`);
  if (description && !asJson && !config.json_output) out(`\n${describeText(description)}`);
  tellWarnings(results);
  return ok ? 0 : 1;
}

/** A file with nothing but warnings is one line on standard output; the warnings themselves stand here. */
function tellWarnings(results: readonly LoadResult[]): void {
  for (const result of results) {
    if (result.successful && result.warnings.length > 0) err(result.verbose());
  }
}
