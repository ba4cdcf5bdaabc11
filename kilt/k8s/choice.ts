import { isObject, type JsonObject, type PodTemplate } from "./pod.ts";

/** Annotations of pods, pod templates and the objects that hold them. */
export const ANNOTATIONS = {
  /** "ignore" or "include". */
  kilt: "falco.org/kilt",
  /** Names of containers, joined by colons. */
  ignoreContainers: "falco.org/kilt-ignore-containers",
  includeContainers: "falco.org/kilt-include-containers",
  /** Written by the webhook: the containers that it has patched. */
  patched: "falco.org/kilt-patched",
} as const;

/** The label that says for a whole namespace whether its pods are patched: "ignore" or "include". */
export const NAMESPACE_LABEL = "falco.org/kilt";

/** The containers that annotations, or their absence, ask to be patched. */
export function wantedContainers(
  pod: PodTemplate,
  containers: readonly JsonObject[],
  optIn: boolean,
): JsonObject[] {
  const annotations = isObject(pod.metadata.annotations) ? pod.metadata.annotations : {};
  const names = (key: string): string[] => String(annotations[key] ?? "").split(":");
  const choice = annotations[ANNOTATIONS.kilt];
  if (choice === "ignore") return [];
  const included = names(ANNOTATIONS.includeContainers);
  const ignored = names(ANNOTATIONS.ignoreContainers);
  return containers.filter(({ name }) =>
    optIn ? choice === "include" || included.includes(String(name)) : !ignored.includes(String(name)),
  );
}
