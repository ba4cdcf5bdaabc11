import { FalcoError } from "../core/errors.ts";
import { FIELD_CLASSES } from "../core/fields/all.ts";
import { type ListFormat, listFields } from "../core/fields/listing.ts";

const SOURCES = ["syscall"] as const;

export interface PrintFieldsOptions {
  readonly format: ListFormat;
  readonly namesOnly: boolean;
  readonly verbose: boolean;
  readonly source: string | undefined;
}

/** The text of `falco fields` and `--list`; an unknown source is an error. */
export function printFields({ source, ...options }: PrintFieldsOptions): string {
  if (source !== undefined && source !== "" && !SOURCES.some((s) => s === source)) {
    throw new FalcoError("USAGE", "Value for --list must be a valid source type", {
      hint: `"${source}" is none of ${SOURCES.join(", ")}`,
    });
  }
  return listFields(FIELD_CLASSES, SOURCES, source ? { ...options, source } : options);
}
