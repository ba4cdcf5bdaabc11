import { PLUGIN_DATA_AT, writePluginEvent } from "../../core/capture/plugin/event-record.ts";
import { EventCursor } from "../../core/event/cursor.ts";
import type { Context } from "../../core/fields/field.ts";
import { State } from "../../core/state/state.ts";

export interface AuditEvent {
  readonly [member: string]: unknown;
}

/** An audit event as the API server of a cluster sends it, with these members over the common ones. */
export function auditEvent(members: AuditEvent = {}): AuditEvent {
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: "6c0a6f0e-2a3b-4f6e-9a3c-0d7d6a1b2c3d",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/shop/pods?fieldManager=kubectl-create&command=sh&command=-c",
    verb: "create",
    user: { username: "ann", uid: "4711", groups: ["developers", "system:authenticated"] },
    sourceIPs: ["10.9.8.7", "192.168.3.4"],
    userAgent: "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    objectRef: { resource: "pods", namespace: "shop", name: "web", apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: "2026-11-26T09:30:00.123456Z",
    stageTimestamp: "2026-11-26T09:30:00.129876Z",
    annotations: {
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": 'RBAC: allowed by RoleBinding "dev/shop"',
    },
    ...members,
  };
}

/** The request for a pod, and the answer. */
export function podEvent(spec: AuditEvent, members: AuditEvent = {}): AuditEvent {
  const metadata = { name: "web", namespace: "shop", labels: { app: "web" } };
  return auditEvent({
    requestObject: { kind: "Pod", apiVersion: "v1", metadata, spec },
    responseObject: { kind: "Pod", apiVersion: "v1", metadata, spec },
    ...members,
  });
}

/** A request about an object of another resource, with its body. */
export const requestEvent = (
  resource: string,
  requestObject: AuditEvent,
  members: AuditEvent = {},
): AuditEvent =>
  auditEvent({ objectRef: { resource, namespace: "shop", name: "thing" }, requestObject, ...members });

/** What the webhook of an API server sends. */
export const eventList = (...items: readonly AuditEvent[]): string =>
  JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items });

let number = 0;

/** The context of an event whose data are this text, or this value as JSON. */
export function auditContext(data: string | AuditEvent, time = 1_795_685_400_129_876_000n): Context {
  const text = Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
  const bytes = Buffer.alloc(PLUGIN_DATA_AT + text.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  writePluginEvent(view, 0, time, 1, text.length);
  text.copy(bytes, PLUGIN_DATA_AT);
  const event = new EventCursor();
  event.set(bytes, view, 0, 0);
  event.num = ++number;
  return { event, state: new State() };
}
