import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatAlert } from "../../core/outputs/format.ts";
import { Matcher } from "../../core/rules/compile/matcher.ts";
import { RulesLoader } from "../../core/rules/load/rules-loader.ts";
import { suggestedOutput } from "../../core/rules/output/additions.ts";
import { renderAlert } from "../../core/rules/render.ts";
import { selectRules } from "../../core/rules/select.ts";
import { registry } from "./conditions.ts";
import { CONFORMANCE } from "./location.ts";
import { replay } from "./replay.ts";

/** The three public rule files, in the order they are loaded. */
export const PUBLIC_RULES = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules"] as const;

export function loadPublicRules(): RulesLoader {
  const loader = new RulesLoader({ registry, additions: suggestedOutput(registry) });
  for (const name of PUBLIC_RULES) {
    const file = join(CONFORMANCE, "rules", `${name}.yaml`);
    const result = loader.load(file, readFileSync(file, "utf8"));
    if (!result.successful) throw new Error(result.verbose());
  }
  return loader;
}

/** Alerts of a capture as JSON lines; those of one event sorted, as their order is not defined. */
export async function alertsOf(capture: string): Promise<string[]> {
  const loader = loadPublicRules();
  const everything = selectRules(loader.compiled.rules, [{ operation: "enable", rule: "*" }]);
  const matcher = new Matcher(everything, false);
  const { hostname } = JSON.parse(expectedAlerts(capture)[0] ?? '{"hostname":""}') as { hostname: string };
  const lines: string[] = [];
  await replay(join(CONFORMANCE, "captures", `${capture}.scap`), (context) => {
    const own: string[] = [];
    matcher.match(context, (rule) => {
      own.push(formatAlert(renderAlert(rule, context, hostname), FORMAT));
    });
    lines.push(...own.sort());
  });
  return lines;
}

const FORMAT = {
  json: true,
  iso8601: false,
  includeOutput: true,
  includeMessage: false,
  includeFields: true,
  includeTags: true,
};

/** The reference's alerts of a capture, those of one time sorted. */
export function expectedAlerts(capture: string): string[] {
  const text = readFileSync(join(CONFORMANCE, "alerts", `${capture}.jsonl`), "utf8");
  return text.split("\n").filter((line) => line !== "");
}

/** Alerts by time, those of the same time sorted: comparable whatever the order among one event's. */
export function sortedAlerts(lines: readonly string[]): string[] {
  const time = (line: string): string => /"time":"([^"]*)"\}$/.exec(line)?.[1] ?? "";
  return [...lines].sort((a, b) =>
    time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : a < b ? -1 : a > b ? 1 : 0,
  );
}
