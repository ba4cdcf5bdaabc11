import type { LoadOptions } from "../../core/config/load.ts";
import type { Flags } from "../command.ts";
import { runFlags } from "../run-flags.ts";

/** What decides which configuration is looked at, as for `falco run`. */
export const configFlags = {
  config: runFlags.config,
  option: runFlags.option,
  json: { type: "boolean", help: "Print as JSON" },
} as const satisfies Flags;

export const loadOptions = (flags: {
  config: string | undefined;
  option: readonly string[];
}): LoadOptions => ({
  overrides: flags.option,
  ...(flags.config === undefined ? {} : { path: flags.config }),
});
