import type { Alert, Priority } from "./alert.ts";
import { PRIORITIES } from "./alert.ts";

/** How often one rule of one source has matched. */
export interface RuleCount extends Pick<Alert, "rule" | "source" | "priority" | "tags"> {
  count: number;
}

/** What has been alerted so far, for the summary at the end and for metrics. */
export class AlertCounts {
  total = 0;
  readonly rules = new Map<string, RuleCount>();
  readonly byTag = new Map<string, number>();
  readonly byPriority = new Map<Priority, number>();

  add({ rule, source, priority, tags }: Alert): void {
    this.total++;
    const key = `${source}\n${rule}`;
    const entry = this.rules.get(key);
    if (entry) entry.count++;
    else this.rules.set(key, { rule, source, priority, tags, count: 1 });
    increment(this.byPriority, priority);
    for (const tag of tags) increment(this.byTag, tag);
  }
}

const increment = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1);

/**
 * The summary printed to standard output at the end. `order` names all rules as they were defined; rules that are not
 * in it any more (after a reload) come last.
 */
export function formatStatistics(counts: AlertCounts, order: readonly string[]): string {
  const lines = [`Events detected: ${counts.total}`, "Rule counts by severity:"];
  for (const priority of PRIORITIES) {
    const count = counts.byPriority.get(priority);
    // Alone among all places, the summary calls Informational by its short name.
    const name = priority === "Informational" ? "INFO" : priority.toUpperCase();
    if (count) lines.push(`   ${name}: ${count}`);
  }
  lines.push("Triggered rules by rule name:");
  const position = new Map(order.map((rule, i) => [rule, i]));
  const place = (entry: RuleCount): number => position.get(entry.rule) ?? order.length;
  for (const entry of [...counts.rules.values()].sort((a, b) => place(a) - place(b))) {
    lines.push(`   ${entry.rule}: ${entry.count}`);
  }
  return `${lines.join("\n")}\n`;
}
