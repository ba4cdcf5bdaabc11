import { chosenRules } from "../core/chosen-rules.ts";
import { loadConfig } from "../core/config/load.ts";
import { EXPLANATION, explainCapture } from "../core/engine/explain-capture.ts";
import { loadRuleset } from "../core/engine/ruleset.ts";
import { FalcoError } from "../core/errors.ts";
import { loadedPlugins } from "../core/plugins.ts";
import { rulesInput } from "../core/settings.ts";
import { loadOptions } from "./config/config-flags.ts";
import { json, out, table } from "./print.ts";

export interface ExplainOptions {
  readonly config: string | undefined;
  readonly option: readonly string[];
  readonly rules: readonly string[];
}

/** Prints what live capture with these rules watches, why, and what the probe leaves out in the kernel. */
export function printExplanation(flags: ExplainOptions): void {
  const loaded = loadConfig(loadOptions(flags));
  const { ruleset, report } = loadRuleset(
    rulesInput(loaded.config, chosenRules(flags.rules, loaded), undefined, loadedPlugins(loaded)),
  );
  if (!ruleset) {
    const failure = report.files.find((file) => file.failure)?.failure;
    throw new FalcoError(
      failure?.code ?? "RULES",
      failure?.message ?? "Cannot load rules",
      failure?.options ?? {},
    );
  }
  const rows = explainCapture(ruleset, loaded.config.base_syscalls);
  if (loaded.config.json_output) {
    json(rows);
    return;
  }
  const reason = ({ rules: by, base }: (typeof rows)[number]): string =>
    by.length === 0 ? (base ? "state" : "") : by.length === 1 ? by[0]! : `${by.length} rules, ${by[0]} first`;
  out(
    table(
      ["call", "watched for", "left out in the kernel"],
      rows.map((row) => [row.call, reason(row), row.filtered]),
    ),
  );
  out(`\n${EXPLANATION}`);
}
