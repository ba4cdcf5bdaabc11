import type { LoadedConfig } from "./config/load.ts";
import { type RulesFile, readRulesFiles } from "./config/rules-files.ts";
import { FalcoError } from "./errors.ts";
import { EMBEDDED_AUDIT_RULES, EMBEDDED_RULES } from "./library/rules.ts";
import { loadedPlugins } from "./plugins.ts";

/**
 * The rules files in play: those of the command line, or else of the configuration, or, where nothing could
 * have named any, those on board. Throws when that leaves none.
 */
export function chosenRules(named: readonly string[], loaded: LoadedConfig): RulesFile[] {
  const { config, files } = loaded;
  const chosen = named.length > 0 ? readRulesFiles(named, true) : readRulesFiles(config.rules_files, false);
  if (chosen.length > 0) return chosen;
  if (named.length === 0 && files.length === 0) {
    const audited = loadedPlugins(loaded).some(({ name }) => name === "k8saudit");
    return audited ? [EMBEDDED_RULES, EMBEDDED_AUDIT_RULES] : [EMBEDDED_RULES];
  }
  throw new FalcoError(
    "RULES_NONE",
    "You must specify at least one rules file/directory via -r or a rules_files entry in falco.yaml",
    {
      hint: "for example falco -r rules.yaml",
    },
  );
}
