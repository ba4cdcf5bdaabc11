/** As much of Kubernetes' objects as patching reads; everything else is carried along as it is. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** A pod, or the pod template of a Deployment, Job, … */
export interface PodTemplate extends JsonObject {
  metadata: JsonObject;
  spec: JsonObject;
}

/** Where a kind keeps its pod template; an empty path is the object itself. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ["template"],
  Deployment: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/** The kinds that are patched, with the API groups and resources they are asked for by. */
export const RESOURCES = [
  { group: "", version: "v1", resources: ["pods"], operations: ["CREATE", "UPDATE"] },
  {
    group: "",
    version: "v1",
    resources: ["replicationcontrollers", "podtemplates"],
    operations: ["CREATE", "UPDATE"],
  },
  {
    group: "apps",
    version: "v1",
    resources: ["deployments", "daemonsets", "statefulsets", "replicasets"],
    operations: ["CREATE", "UPDATE"],
  },
  { group: "batch", version: "v1", resources: ["jobs", "cronjobs"], operations: ["CREATE", "UPDATE"] },
] as const;

/** Kinds whose containers cannot be changed once they are made. */
export const FIXED: readonly string[] = ["Pod", "Job"];

/** A copy all the way down; several times as fast as `structuredClone`, which is made for more than JSON. */
export function copied<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(copied) as T;
  if (!isObject(value)) return value;
  // Spread first: even a key like `__proto__` is then the copy's own, and setting it sets no prototype.
  const copy: JsonObject = { ...(value as JsonObject) };
  for (const key of Object.keys(copy)) {
    const item = copy[key]!;
    if (typeof item === "object") copy[key] = copied(item);
  }
  return copy as T;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The objects in a list field; nothing when the field is absent. Throws a TypeError on any other shape. */
export function objectsIn(owner: JsonObject, name: string): JsonObject[] {
  const list = owner[name] ?? [];
  if (Array.isArray(list) && list.every(isObject)) return list;
  throw new TypeError(`${name} must be a list of objects`);
}

/** The texts in a list field; nothing when the field is absent. */
export function textsIn(owner: JsonObject, name: string): string[] {
  const list = owner[name] ?? [];
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw new TypeError(`${name} must be a list of text`);
}

/** The pod template inside an object of a kind that has one; undefined for other kinds. */
export function templateOf(object: JsonObject): PodTemplate | undefined {
  const path = TEMPLATES[String(object.kind)];
  if (!path) return undefined;
  let at: Json | undefined = object;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  if (!isObject(at) || !isObject(at.spec)) throw new TypeError(`${String(object.kind)} has no pod template`);
  // API servers fill in metadata; what people send to a webhook by hand may lack it.
  if (!isObject(at.metadata)) at.metadata = {};
  return at as PodTemplate;
}
