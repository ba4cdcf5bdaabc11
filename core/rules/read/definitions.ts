import type { Priority } from "../../outputs/alert.ts";
import type { Context } from "../load/context.ts";

/** A value of an exception's `fields`, `comps` or `values`: text, or a list of such. */
export type ExceptionEntry = string | readonly ExceptionEntry[];

export interface ExceptionDefinition {
  readonly name: string;
  /** Nothing when the key is absent or empty. */
  fields: ExceptionEntry | undefined;
  comps: ExceptionEntry | undefined;
  values: readonly ExceptionEntry[];
  readonly context: Context;
}

export interface ListDefinition {
  readonly name: string;
  items: readonly string[];
  readonly context: Context;
}

export interface MacroDefinition {
  readonly name: string;
  condition: string;
  readonly context: Context;
  readonly conditionContext: Context;
}

export interface RuleDefinition {
  readonly name: string;
  condition: string;
  output: string;
  description: string;
  priority: Priority;
  source: string;
  enabled: boolean;
  capture: boolean;
  /** Milliseconds; 0 means the configured default. */
  captureDuration: number;
  warnEvttypes: boolean;
  skipIfUnknownFilter: boolean;
  /** Sorted, each once. */
  tags: readonly string[];
  exceptions: readonly ExceptionDefinition[];
  readonly context: Context;
  readonly conditionContext: Context;
  readonly outputContext: Context;
}

/** What an `append` or `override` item changes of an earlier rule; keys that are absent stay as they are. */
export interface RuleUpdate {
  readonly name: string;
  readonly source: string;
  readonly context: Context;
  condition?: string;
  output?: string;
  description?: string;
  priority?: Priority;
  enabled?: boolean;
  capture?: boolean;
  captureDuration?: number;
  warnEvttypes?: boolean;
  skipIfUnknownFilter?: boolean;
  tags?: readonly string[];
  exceptions?: readonly ExceptionDefinition[];
}

export interface PluginRequirement {
  readonly name: string;
  readonly version: string;
}
