import type { Change } from "./config/settings.ts";
import type { RulesReport } from "./engine/ruleset.ts";
import { FalcoError, reasonOf } from "./errors.ts";
import type { Log } from "./log.ts";
import type { Alert } from "./outputs/alert.ts";
import { internalAlert } from "./outputs/internal-alert.ts";

const RULE = "Falco internal: hot restart failure";

/** The alert that says that new configuration or rules could not be taken on: one line, with the place. */
export function reloadFailure(error: unknown, hostname: string): Alert {
  const place = error instanceof FalcoError && error.place;
  const where = place ? ` (${place.file}:${place.line}:${place.column})` : "";
  return internalAlert({
    time: BigInt(Date.now()) * 1_000_000n,
    rule: RULE,
    priority: "Critical",
    message: `${RULE}: ${reasonOf(error)}${where}`,
    fields: {},
    hostname,
  });
}

/** What is wrong with rules that were loaded without success. */
export function invalidRules({ files }: RulesReport): FalcoError {
  const bad = files.find(({ successful }) => !successful);
  return new FalcoError("RELOAD", bad?.failure?.message ?? "the rules are not valid", bad?.failure?.options);
}

/** Names what changed in the configuration and has to wait for the next start. */
export function tellRestartKeys(log: Pick<Log, "log">, changes: readonly Change[]): void {
  const keys = changes.filter(({ restart }) => restart).map(({ key }) => key);
  if (keys.length === 0) return;
  log.log("warning", `Changed, but in effect at the next start only: ${keys.join(", ")}`);
}
