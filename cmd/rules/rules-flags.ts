import type { Flags } from "../command.ts";
import { runFlags } from "../run-flags.ts";

/** What decides which rules are looked at, as for `falco run`. */
export const rulesFlags = {
  config: runFlags.config,
  option: runFlags.option,
  rules: runFlags.rules,
  json: { type: "boolean", help: "Print every detail as JSON, as json_output=true does" },
} as const satisfies Flags;
