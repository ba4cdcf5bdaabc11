import { declaredFields, pluginSources } from "../core/capture/plugin/find.ts";
import type { PluginSetting } from "../core/capture/plugin/plugin.ts";
import { FalcoError } from "../core/errors.ts";
import { FIELD_CLASSES } from "../core/fields/all.ts";
import { type ListFormat, listFields } from "../core/fields/listing.ts";

export interface PrintFieldsOptions {
  readonly format: ListFormat;
  readonly namesOnly: boolean;
  readonly verbose: boolean;
  readonly source: string | undefined;
  /** Plugins whose fields are listed too. */
  readonly plugins?: readonly PluginSetting[];
}

/** The text of `falco fields` and `--list`; an unknown source is an error. */
export function printFields({ source, plugins = [], ...options }: PrintFieldsOptions): string {
  const sources = pluginSources(plugins);
  if (source !== undefined && source !== "" && !sources.includes(source)) {
    throw new FalcoError("USAGE", "Value for --list must be a valid source type", {
      hint: `"${source}" is none of ${sources.join(", ")}`,
    });
  }
  const classes = [...FIELD_CLASSES, ...declaredFields(plugins)];
  return listFields(classes, sources, source ? { ...options, source } : options);
}
