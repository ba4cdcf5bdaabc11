import { isSeldom } from "../../ffi/seldom.ts";
import type { FieldRegistry } from "../../fields/field.ts";

/** Text and fields that the configuration adds to the output of rules (an entry of `append_output`). */
export interface OutputAddition {
  /** Only rules of this event source. */
  readonly source?: string;
  /** Only rules that carry all of these. */
  readonly tags?: readonly string[];
  /** Only the rule of this name. */
  readonly rule?: string;
  /** Appended to the output text behind a blank. */
  readonly text?: string;
  /** Further keys of `output_fields`. */
  readonly fields?: readonly ExtraField[];
}

/** A key of `output_fields` that is not part of the text. */
export interface ExtraField {
  readonly key: string;
  /** A field, or a template. */
  readonly format: string;
  /** Keep the field's type; a template always gives text. */
  readonly raw: boolean;
}

/** Fields that say where a container event comes from; every rule of the source shows them by default. */
const SUGGESTED: Readonly<Record<string, readonly string[]>> = {
  syscall: [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
  ],
};

/** The additions that `suggested_output` stands for: each source's suggestions, those of plugins, then the static fields. */
export function suggestedOutput(registry: FieldRegistry, source?: string): OutputAddition[] {
  const sources = source === undefined ? registry.sources : [source];
  return sources.flatMap((name) => {
    const suggested = (SUGGESTED[name] ?? []).filter((field) => registry.find(name, field));
    const plugins = registry.names(name).filter((field) => registry.find(name, field)?.suggested);
    const fixed = registry.names(name).filter((field) => field.startsWith("static."));
    return [...suggested, ...plugins, ...fixed].map((field) => ({
      source: name,
      text: `${field.replaceAll(".", "_")}=%${field}`,
    }));
  });
}

/** Whether an addition is meant for a rule. */
export function appliesTo(
  addition: OutputAddition,
  rule: { readonly name: string; readonly source: string; readonly tags: readonly string[] },
): boolean {
  if (addition.source && addition.source !== rule.source) return false;
  if (addition.rule && addition.rule !== rule.name) return false;
  return (addition.tags ?? []).every((tag) => rule.tags.includes(tag));
}

isSeldom(appliesTo);
