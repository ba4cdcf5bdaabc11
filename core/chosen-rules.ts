import type { LoadedConfig } from "./config/load.ts";
import { type RulesFile, readRulesFiles } from "./config/rules-files.ts";
import { FalcoError } from "./errors.ts";
import { EMBEDDED_RULES } from "./library/rules.ts";

/**
 * The rules files in play: those of the command line, or else of the configuration, or, where nothing could
 * have named any, those on board. Throws when that leaves none.
 */
export function chosenRules(named: readonly string[], { config, files }: LoadedConfig): RulesFile[] {
  const chosen = named.length > 0 ? readRulesFiles(named, true) : readRulesFiles(config.rules_files, false);
  if (chosen.length > 0) return chosen;
  if (named.length === 0 && files.length === 0) return [EMBEDDED_RULES];
  throw new FalcoError("RULES_NONE", "Cannot start: you must specify at least one rules file", {
    hint: "name one with -r FILE, or under rules_files in the configuration",
  });
}
