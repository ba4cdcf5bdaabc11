import type { Operation } from "../../kilt/k8s/json-patch.ts";
import type { Json, JsonObject } from "../../kilt/k8s/pod.ts";

/** A review as API servers of version 1.30 send it. */
export const reviewOf = (object: JsonObject, more: JsonObject = {}): JsonObject => ({
  kind: "AdmissionReview",
  apiVersion: "admission.k8s.io/v1",
  request: {
    uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
    kind: { group: "", version: "v1", kind: String(object.kind) },
    resource: { group: "", version: "v1", resource: "pods" },
    requestKind: { group: "", version: "v1", kind: String(object.kind) },
    name: "",
    namespace: "default",
    operation: "CREATE",
    userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller", groups: [] },
    object,
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    ...more,
  },
});
/** A pod as a controller makes it. */
export const podOf = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "web-", labels: { app: "web" }, ...metadata },
  spec,
});
/** A container that names its command. */
export const container = (more: JsonObject = {}): JsonObject => ({
  name: "app",
  image: "busybox",
  command: ["/app"],
  ...more,
});

/** Applies a JSON Patch as RFC 6902 says, to see what an API server would make of it. */
export function applied(object: JsonObject, operations: readonly Operation[]): JsonObject {
  const result = structuredClone(object);
  for (const { op, path, value } of operations) {
    const keys = path
      .slice(1)
      .split("/")
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop()!;
    let at: Json = result;
    for (const key of keys) at = (at as Record<string, Json>)[key]!;
    if (Array.isArray(at) && op === "add") at.splice(last === "-" ? at.length : Number(last), 0, value!);
    else if (op === "remove") delete (at as Record<string, Json>)[last];
    else (at as Record<string, Json>)[last] = value!;
  }
  return result;
}
