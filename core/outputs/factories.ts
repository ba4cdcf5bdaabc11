import { fileOutput } from "./file.ts";
import type { OutputsDeps, OutputsOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { stdoutOutput } from "./stdout.ts";

interface Factory {
  readonly name: string;
  readonly own: { readonly priority: string; readonly rate: number; readonly max_burst: number };
  readonly create: () => Output;
}

/** The enabled outputs, in order. */
export function outputFactories(options: OutputsOptions, _deps: OutputsDeps): Factory[] {
  const table: (Factory & { readonly enabled: boolean })[] = [];
  const add = <O extends Factory["own"] & { readonly enabled: boolean }>(
    name: string,
    own: O,
    create: (own: O) => Output,
  ): void => void table.push({ name, own, enabled: own.enabled, create: () => create(own) });
  add("file", options.file_output, fileOutput);
  add("stdout", options.stdout_output, () => stdoutOutput());
  return table.filter((factory) => factory.enabled);
}
