import { FalcoError } from "./errors.ts";
import { nearest } from "./nearest.ts";

export interface SourceChoice {
  /** Each `--enable-source`: these only. */
  readonly enable: readonly string[];
  /** Each `--disable-source`: all but these. */
  readonly disable: readonly string[];
}

/** The event sources to take events from, out of those there are. Throws FalcoError when that makes no sense. */
export function enabledSources({ enable, disable }: SourceChoice, loaded: readonly string[]): string[] {
  if (enable.length > 0 && disable.length > 0) {
    throw new FalcoError("SOURCES", "You can not mix --enable-source and --disable-source");
  }
  known(enable, loaded, "enabling");
  known(disable, loaded, "disabling");
  const chosen = loaded.filter((name) =>
    enable.length > 0 ? enable.includes(name) : !disable.includes(name),
  );
  if (chosen.length === 0) {
    throw new FalcoError("SOURCES", "Must enable at least one event source", {
      hint: `there are: ${loaded.join(", ")}`,
    });
  }
  return chosen;
}

function known(names: readonly string[], loaded: readonly string[], attempt: string): void {
  const unknown = names.find((name) => !loaded.includes(name));
  if (unknown === undefined) return;
  const suggestion = nearest(unknown, loaded);
  throw new FalcoError("SOURCES", `Attempted ${attempt} an unknown event source: ${unknown}`, {
    hint: suggestion === undefined ? `there are: ${loaded.join(", ")}` : `did you mean "${suggestion}"?`,
  });
}
