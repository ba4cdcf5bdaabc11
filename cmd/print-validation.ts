import { loadConfig } from "../core/config/load.ts";
import { readRulesFiles } from "../core/config/rules-files.ts";
import { validateRules } from "../core/engine/validate-rules.ts";
import { FalcoError } from "../core/errors.ts";
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
  flags: { config: string | undefined; option: readonly string[] },
  asJson = false,
): number {
  const { config } = loadConfig(loadOptions(flags));
  const input = rulesInput(config, readRulesFiles(paths, true), undefined);
  const { results, ok, unmet } = validateRules(input);
  if (unmet !== undefined) throw new FalcoError("RULES_PLUGIN", unmet);
  if (asJson || config.json_output) out(JSON.stringify({ falco_load_results: results.map((r) => r.json()) }));
  // A line end of its own, also behind a text that has one: tools compare this.
  else out(`${results.map((result) => result.validationText()).join("\n")}\n`);
  tellWarnings(results);
  return ok ? 0 : 1;
}

/** A file with nothing but warnings is one line on standard output; the warnings themselves stand here. */
function tellWarnings(results: readonly LoadResult[]): void {
  for (const result of results) {
    if (result.successful && result.warnings.length > 0) err(result.verbose());
  }
}
