import { expect, test } from "bun:test";
import {
  type AuditEvent,
  auditContext,
  auditEvent,
  podEvent,
  requestEvent,
} from "../../tests/harness/audit-events.ts";
import { findPlugin } from "../capture/plugin/find.ts";
import { loadRuleset } from "../engine/ruleset.ts";
import { EMBEDDED_AUDIT_RULES } from "./rules.ts";

const { report, ruleset } = loadRuleset(
  {
    files: [EMBEDDED_AUDIT_RULES],
    selections: [],
    priority: "Debug",
    firstOnly: false,
    additions: [],
    staticFields: {},
    sources: ["syscall", "k8s_audit"],
    plugins: [{ name: "k8saudit", config: "", openParams: "" }],
  },
  { fields: [...findPlugin({ name: "k8saudit", config: "", openParams: "" }).fields] },
);

function matches(event: AuditEvent): string[] {
  const context = auditContext(event);
  context.state.sourceName = "k8s_audit";
  const names: string[] = [];
  ruleset!.match(context, (rule) => names.push(rule.name));
  return names;
}

const pod = (spec: AuditEvent, image = "busybox:1") =>
  podEvent({ containers: [{ name: "c", image }], ...spec });
const container = (securityContext: AuditEvent, image = "busybox:1") =>
  podEvent({ containers: [{ name: "c", image, securityContext }] });
const cluster = {
  user: { username: "system:serviceaccount:kube-system:job-controller" },
  userAgent: "kube-controller",
};
const target = (resource: string, subresource?: string) => ({
  resource,
  namespace: "shop",
  name: "web",
  subresource,
});

/** What each rule is there for, and the nearest to it that it is to leave alone. */
const CASES: Readonly<Record<string, { readonly bad: AuditEvent[]; readonly good: AuditEvent[] }>> = {
  "Privileged pod created": {
    bad: [
      container({ privileged: true }),
      pod({ initContainers: [{ name: "i", image: "x", securityContext: { privileged: true } }] }),
    ],
    good: [container({ privileged: true }, "falcosecurity/falco:0.44.1"), container({ privileged: false })],
  },
  "Pod with powerful capabilities created": {
    bad: [container({ capabilities: { add: ["CHOWN", "SYS_ADMIN"] } })],
    good: [container({ capabilities: { add: ["CHOWN"], drop: ["SYS_ADMIN"] } })],
  },
  "Pod in the node's namespaces created": {
    bad: [pod({ hostPID: true }), pod({ hostIPC: true }), pod({ hostNetwork: true })],
    good: [pod({ hostNetwork: false })],
  },
  "Pod with a sensitive path of the node created": {
    bad: [
      pod({
        volumes: [
          { name: "a", emptyDir: {} },
          { name: "b", hostPath: { path: "/etc" } },
        ],
      }),
    ],
    good: [pod({ volumes: [{ name: "b", hostPath: { path: "/data/shop" } }] })],
  },
  "Command run in a pod": {
    bad: [
      auditEvent({
        stage: "ResponseStarted",
        verb: "get",
        objectRef: target("pods", "exec"),
        responseStatus: { code: 101 },
      }),
    ],
    good: [auditEvent({ verb: "get", objectRef: target("pods", "log"), responseStatus: { code: 200 } })],
  },
  "Debug container added to a pod": {
    bad: [auditEvent({ verb: "patch", objectRef: target("pods", "ephemeralcontainers") })],
    good: [auditEvent({ verb: "patch", objectRef: target("pods", "status") })],
  },
  "Cluster administrator made": {
    bad: [requestEvent("clusterrolebindings", { roleRef: { name: "cluster-admin" } })],
    good: [requestEvent("clusterrolebindings", { roleRef: { name: "view" } })],
  },
  "Role bound to everybody": {
    bad: [
      requestEvent("rolebindings", { subjects: [{ kind: "Group", name: "system:authenticated" }] }),
      requestEvent("clusterrolebindings", { subjects: [{ kind: "User", name: "system:anonymous" }] }),
    ],
    good: [requestEvent("rolebindings", { subjects: [{ kind: "Group", name: "developers" }] })],
  },
  "Role without bounds made": {
    bad: [
      requestEvent("roles", { rules: [{ resources: ["pods"], verbs: ["get", "*"] }] }),
      requestEvent("clusterroles", { rules: [{ resources: ["*"], verbs: ["get"] }] }),
    ],
    good: [requestEvent("roles", { rules: [{ resources: ["pods"], verbs: ["get"] }] })],
  },
  "Role of the system changed or deleted": {
    bad: [
      auditEvent({
        verb: "delete",
        objectRef: { resource: "clusterroles", name: "system:node" },
        responseStatus: { code: 200 },
      }),
    ],
    good: [auditEvent({ verb: "delete", objectRef: { resource: "clusterroles", name: "shop" } })],
  },
  "Workload created in a namespace of the system": {
    bad: [auditEvent({ objectRef: { resource: "daemonsets", namespace: "kube-system", name: "x" } })],
    good: [
      auditEvent({ objectRef: { resource: "daemonsets", namespace: "shop", name: "x" } }),
      auditEvent({ objectRef: { resource: "pods", namespace: "kube-system", name: "x" }, ...cluster }),
    ],
  },
  "Admission webhook changed": {
    bad: [requestEvent("mutatingwebhookconfigurations", {})],
    good: [requestEvent("mutatingwebhookconfigurations", {}, { verb: "get" })],
  },
  "Secrets listed": {
    bad: [auditEvent({ verb: "list", objectRef: { resource: "secrets" }, responseStatus: { code: 200 } })],
    good: [
      auditEvent({ verb: "list", objectRef: { resource: "secrets" }, responseStatus: { code: 403 } }),
      auditEvent({ verb: "list", objectRef: { resource: "secrets" }, ...cluster }),
    ],
  },
  "Credentials in a config map": {
    bad: [requestEvent("configmaps", { data: { conf: "Password: x" } })],
    good: [requestEvent("configmaps", { data: { conf: "colour: x" } })],
  },
  "Anonymous request allowed": {
    bad: [
      auditEvent({ user: { username: "system:anonymous" }, requestURI: "/api", verb: "get", objectRef: {} }),
    ],
    good: [
      auditEvent({
        user: { username: "system:anonymous" },
        requestURI: "/livez?verbose",
        verb: "get",
        objectRef: {},
      }),
    ],
  },
  "Service account token used from a tool for people": {
    bad: [auditEvent({ user: cluster.user, verb: "get" })],
    good: [auditEvent({ ...cluster, verb: "get" })],
  },
  "Events deleted": {
    bad: [auditEvent({ verb: "deletecollection", objectRef: { resource: "events", namespace: "shop" } })],
    good: [auditEvent({ verb: "list", objectRef: { resource: "events", namespace: "shop" } })],
  },
};

test("the rules load without a warning", () => {
  expect(report.files).toMatchObject([{ successful: true, schema: "ok", text: "" }]);
});

test("every rule has cases", () => {
  expect([...report.rules].sort()).toEqual(Object.keys(CASES).sort());
});

test.each(Object.entries(CASES))("%s", (name, { bad, good }) => {
  for (const event of bad) {
    expect(matches(event)).toContain(name);
    // Before it is answered a request has done nothing.
    expect(matches({ ...event, stage: "RequestReceived" })).toEqual([]);
  }
  for (const event of good) expect(matches(event)).not.toContain(name);
});

test("what goes on all day is left alone", () => {
  const quiet = [
    auditEvent({ verb: "get" }),
    pod({ volumes: [{ name: "a", configMap: { name: "x" } }] }),
    auditEvent({ ...cluster, verb: "update", objectRef: target("leases") }),
    requestEvent("deployments", { spec: {} }),
  ];
  for (const event of quiet) expect(matches(event)).toEqual([]);
});
