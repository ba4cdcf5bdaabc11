import { chosenRules } from "../core/chosen-rules.ts";
import { loadConfig } from "../core/config/load.ts";
import { describeFiles } from "../core/engine/describe-files.ts";
import { loadedPlugins } from "../core/plugins.ts";
import { describeText } from "../core/rules/describe/describe-text.ts";
import { rulesInput } from "../core/settings.ts";
import { loadOptions } from "./config/config-flags.ts";
import { out } from "./print.ts";

interface PrintRulesFlags {
  readonly config: string | undefined;
  readonly option: readonly string[];
  readonly rules: readonly string[];
  readonly print?: string | undefined;
}

/** Prints names and descriptions of the rules that would be loaded, or everything about them as one line of JSON. */
export function printRules(flags: PrintRulesFlags, ruleName: string | undefined, asJson = false): void {
  const loaded = loadConfig(loadOptions(flags));
  const { config } = loaded;
  const chosen = chosenRules(flags.rules, loaded);
  const description = describeFiles(rulesInput(config, chosen, flags.print, loadedPlugins(loaded)), ruleName);
  out(asJson || config.json_output ? JSON.stringify(description) : describeText(description));
}
