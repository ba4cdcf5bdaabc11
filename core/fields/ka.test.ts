import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type AuditEvent,
  auditContext,
  auditEvent,
  podEvent,
  requestEvent,
} from "../../tests/harness/audit-events.ts";
import type { FieldRead } from "./field.ts";
import { json } from "./json.ts";
import { ka } from "./ka.ts";

const fields = new Map([...ka.fields, ...json.fields].map((field) => [field.name, field]));

/** What a field gives, written as rules write it: `ka.uri.param[command]`. */
function read(event: AuditEvent | string, name: string): FieldRead | readonly FieldRead[] {
  const [, bare, text] = /^([^[]+)(?:\[(.*)\])?$/.exec(name)!;
  const index = text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  return fields.get(bare!)!.read(auditContext(event), text === undefined ? undefined : { text, index });
}

const all = (event: AuditEvent, ...names: string[]) => names.map((name) => read(event, name));

test("fields of any request", () => {
  const expected: Record<string, FieldRead | readonly FieldRead[]> = {
    "ka.auditid": "6c0a6f0e-2a3b-4f6e-9a3c-0d7d6a1b2c3d",
    "ka.stage": "ResponseComplete",
    "ka.auth.decision": "allow",
    "ka.auth.reason": 'RBAC: allowed by RoleBinding "dev/shop"',
    "ka.user.name": "ann",
    "ka.user.groups": ["developers", "system:authenticated"],
    "ka.impuser.name": undefined,
    "ka.verb": "create",
    "ka.uri": "/api/v1/namespaces/shop/pods?fieldManager=kubectl-create&command=sh&command=-c",
    "ka.uri.param[command]": "sh",
    "ka.uri.param[none]": undefined,
    "ka.target.name": "web",
    "ka.target.namespace": "shop",
    "ka.target.resource": "pods",
    "ka.target.subresource": undefined,
    "ka.response.code": "201",
    "ka.response.reason": undefined,
    "ka.useragent": "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    "ka.sourceips": ["10.9.8.7", "192.168.3.4"],
    "ka.sourceips[1]": ["192.168.3.4"],
    "ka.sourceips[2]": undefined,
    "ka.cluster.name": undefined,
    "ka.req.binding.subject.has_name[x]": "true",
    "ka.req.pod.containers.image": undefined,
  };
  for (const [name, value] of Object.entries(expected))
    expect([name, read(auditEvent(), name)]).toEqual([name, value]);
});

test("annotations, impersonation and the reason of a failure", () => {
  const event = auditEvent({
    impersonatedUser: { username: "root" },
    responseStatus: { code: 403, reason: "Forbidden" },
    annotations: {
      cluster_name: "prod",
      "authentication.openshift.io/decision": "deny",
      "authentication.openshift.io/username": "bob",
      "validation.policy.admission.k8s.io/validation_failure": "too many",
      "pod-security.kubernetes.io/audit-violations": "hostNetwork",
    },
  });
  expect(
    all(
      event,
      "ka.impuser.name",
      "ka.response.code",
      "ka.response.reason",
      "ka.cluster.name",
      "ka.auth.openshift.decision",
      "ka.auth.openshift.username",
      "ka.validations.admission.policy.failure",
      "ka.security.pod.violations",
      "ka.auth.decision",
    ),
  ).toEqual(["root", "403", "Forbidden", "prod", "deny", "bob", "too many", "hostNetwork", undefined]);
});

test("query parameters are decoded; a broken one harms no other", () => {
  const event = auditEvent({ requestURI: "/x?a=b%20c+d&bad=%zz&e=&f=g#h?a=i" });
  expect(all(event, "ka.uri.param[a]", "ka.uri.param[e]", "ka.uri.param[f]")).toEqual(["b c d", "", "g"]);
  expect(read(auditEvent({ requestURI: "/x" }), "ka.uri.param[a]")).toBeUndefined();
});

describe("pods", () => {
  const event = podEvent({
    hostNetwork: true,
    hostPID: false,
    securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [1, 2] },
    containers: [
      {
        name: "web",
        image: "registry.example.com:5000/shop/web:1.2@sha256:abcd",
        command: ["sh", "-c"],
        args: ["sleep 1"],
        ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }],
        securityContext: {
          privileged: true,
          runAsUser: 0,
          procMount: "Unmasked",
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: true,
          capabilities: { add: ["SYS_ADMIN", "NET_ADMIN"] },
        },
      },
      { name: "log", image: "busybox", securityContext: { capabilities: { add: ["BPF"] } } },
    ],
    initContainers: [{ name: "init", image: "busybox:1", securityContext: { privileged: false } }],
    volumes: [
      { name: "a", emptyDir: {} },
      { name: "b", hostPath: { path: "/proc/1" } },
      { name: "c", flexVolume: { driver: "x/y" } },
      { name: "d", hostPath: { path: "/etc" } },
    ],
  });
  const expected: Record<string, FieldRead | readonly FieldRead[]> = {
    "ka.target.pod.name": "web",
    "ka.resp.name": "web",
    "ka.req.pod.host_network": "true",
    "ka.req.container.host_network": "true",
    "ka.req.pod.host_pid": "false",
    "ka.req.pod.host_ipc": undefined,
    "ka.req.pod.run_as_user": "1000",
    "ka.req.pod.run_as_group": "2000",
    "ka.req.pod.fs_group": "3000",
    "ka.req.pod.supplemental_groups": ["1", "2"],
    "ka.req.container.image": "registry.example.com:5000/shop/web:1.2@sha256:abcd",
    "ka.req.container.image.repository": "registry.example.com:5000/shop/web",
    "ka.req.container.privileged": "true",
    "ka.req.pod.containers.name": ["web", "log"],
    "ka.req.pod.containers.image": ["registry.example.com:5000/shop/web:1.2@sha256:abcd", "busybox"],
    "ka.req.pod.containers.image[1]": ["busybox"],
    "ka.req.pod.containers.image[2]": undefined,
    "ka.req.pod.containers.image.repository": ["registry.example.com:5000/shop/web", "busybox"],
    "ka.req.pod.containers.command": ["sh -c"],
    "ka.req.pod.containers.args": ["sleep 1"],
    "ka.req.pod.containers.args[1]": undefined,
    "ka.req.pod.containers.host_port": ["8080", "81"],
    "ka.req.pod.containers.privileged": ["true"],
    "ka.req.pod.containers.privileged[1]": undefined,
    "ka.req.pod.containers.allow_privilege_escalation": ["true"],
    "ka.req.pod.containers.read_only_fs": ["true"],
    "ka.req.pod.containers.run_as_user": ["0"],
    "ka.req.pod.containers.eff_run_as_user": ["0", "1000"],
    "ka.req.pod.containers.run_as_group": undefined,
    "ka.req.pod.containers.eff_run_as_group": ["2000", "2000"],
    "ka.req.pod.containers.proc_mount": ["Unmasked"],
    "ka.req.pod.containers.add_capabilities": ["SYS_ADMIN", "NET_ADMIN", "BPF"],
    "ka.req.pod.containers.add_capabilities[1]": ["BPF"],
    "ka.req.pod.initContainers.name": ["init"],
    "ka.req.pod.initContainers.privileged": ["false"],
    "ka.req.pod.initContainers.eff_run_as_user": ["1000"],
    "ka.req.pod.ephemeralContainers.name": undefined,
    "ka.req.pod.volumes.hostpath": ["/proc/1", "/etc"],
    "ka.req.pod.volumes.hostpath[0]": undefined,
    "ka.req.pod.volumes.hostpath[3]": ["/etc"],
    "ka.req.pod.volumes.flexvolume_driver": ["x/y"],
    "ka.req.pod.volumes.volume_type": ["emptyDir", "hostPath", "flexVolume", "hostPath"],
    "ka.req.pod.volumes.volume_type[2]": ["flexVolume"],
    "ka.req.volume.hostpath[/proc*]": "true",
    "ka.req.volume.hostpath[/proc]": "false",
    "ka.req.volume.hostpath[/etc]": "true",
    "ka.req.volume.hostpath[*]": "true",
  };
  for (const [name, value] of Object.entries(expected))
    test(name, () => expect(read(event, name)).toEqual(value as string));

  test("a container without an image leaves the list of images unknown", () => {
    const pod = podEvent({ containers: [{ name: "a", image: "b" }, { name: "c" }] });
    expect(read(pod, "ka.req.pod.containers.image")).toBeUndefined();
    expect(read(pod, "ka.req.pod.containers.image[0]")).toEqual(["b"]);
    expect(read(pod, "ka.req.pod.containers.eff_run_as_user")).toEqual(["0", "0"]);
    expect(read(pod, "ka.req.container.privileged")).toBe("false");
    expect(read(pod, "ka.req.volume.hostpath[/etc]")).toBeUndefined();
  });

  test("requests below a pod have no pod name of their own", () => {
    const exec = auditEvent({
      objectRef: { resource: "pods", name: "web", subresource: "exec" },
      responseObject: { metadata: { name: "x" } },
    });
    expect(read(exec, "ka.target.pod.name")).toBeUndefined();
    expect(read(exec, "ka.target.subresource")).toBe("exec");
  });
});

test("bindings", () => {
  const subjects = [
    { kind: "User", name: "ann", apiGroup: "rbac.authorization.k8s.io" },
    { kind: "ServiceAccount", name: "ci", namespace: "build" },
    { kind: "ServiceAccount", name: "lost" },
    { kind: "Group", name: "admins" },
    { kind: "User" },
  ];
  const event = requestEvent("clusterrolebindings", { subjects, roleRef: { name: "cluster-admin" } });
  expect(read(event, "ka.req.binding.subjects")).toEqual(subjects.map((one) => JSON.stringify(one)));
  expect(
    all(
      event,
      "ka.req.binding.subjects.user_names",
      "ka.req.binding.subjects.serviceaccount_names",
      "ka.req.binding.subjects.serviceaccount_ns_names",
      "ka.req.binding.subjects.group_names",
      "ka.req.binding.role",
    ),
  ).toEqual([["ann"], ["ci", "lost"], ["build:ci"], ["admins"], "cluster-admin"]);
});

test("roles, services and config maps", () => {
  const rules = [
    { apiGroups: ["", "apps"], resources: ["pods", "pods/exec"], verbs: ["*"] },
    { nonResourceURLs: ["/healthz"], verbs: ["get"] },
  ];
  const role = requestEvent("roles", { rules });
  expect(
    all(
      role,
      "ka.req.role.rules",
      "ka.req.role.rules.apiGroups",
      "ka.req.role.rules.resources",
      "ka.req.role.rules.resources[1]",
      "ka.req.role.rules.verbs",
      "ka.req.role.rules.verbs[1]",
      "ka.req.role.rules.nonResourceURLs",
    ),
  ).toEqual([
    rules.map((one) => JSON.stringify(one)),
    ["", "apps"],
    ["pods", "pods/exec"],
    undefined,
    ["*", "get"],
    ["get"],
    ["/healthz"],
  ]);
  const service = requestEvent("services", {
    spec: { type: "NodePort", ports: [{ port: 80 }, { port: 81 }] },
  });
  expect(all(service, "ka.req.service.type", "ka.req.service.ports")).toEqual([
    "NodePort",
    ['[{"port":80},{"port":81}]'],
  ]);
  const map = requestEvent("configmaps", { data: { key: "password=x" } });
  expect(all(map, "ka.req.configmap.name", "ka.req.configmap.obj")).toEqual([
    "thing",
    '{"key":"password=x"}',
  ]);
});

describe("json", () => {
  const text = `{"auditID":"a", "list":[{"int": 1.0, "big":12345678901234567890}],"~/x":"h\\"2","none":null,
    "html":{"a" : "\\u003cb\\u003e"}}`;
  const expected: Record<string, string | undefined> = {
    "json.value[/list/0/int]": "1.0",
    "json.value[list/0/big]": "12345678901234567890",
    "jevt.value[/~0~1x]": 'h"2',
    "jevt.value[/none]": "null",
    "jevt.value[/html]": '{"a":"\\u003cb\\u003e"}',
    "jevt.value[/html/a]": "<b>",
    "jevt.value[/list/1]": undefined,
    "jevt.value[/list/-1]": undefined,
    "jevt.value[/constructor]": undefined,
    "jevt.value[/__proto__]": undefined,
    "jevt.value[/auditID/length]": undefined,
    "jevt.rawtime": "1795685400129876000",
    "json.rawtime": "1795685400129876000",
  };
  for (const [name, value] of Object.entries(expected))
    test(name, () => expect(read(text, name)).toBe(value));

  test("the whole event, indented", () => {
    expect(read('{"a":[1],"b":{}}', "jevt.obj")).toBe('{\n  "a": [\n    1\n  ],\n  "b": {}\n}');
    expect(read('[{"a": 1 }]', "json.value[]")).toBe('[{"a":1}]');
  });

  test("data that are no JSON object or array have no values", () => {
    for (const data of [
      "",
      "x",
      '"a"',
      "{",
      '{"auditID":1}}',
      `{"auditID":${"[".repeat(400)}${"]".repeat(400)}}`,
    ])
      for (const name of ["jevt.value[/auditID]", "jevt.obj", "jevt.rawtime", "ka.auditid"])
        expect(read(data, name)).toBeUndefined();
  });

  test("JSON without auditID has no audit fields", () => {
    expect(read('{"verb":"get"}', "ka.verb")).toBeUndefined();
    expect(read('{"verb":"get"}', "json.value[/verb]")).toBe("get");
  });
});

test("every field of every JSON is a text, a list of texts or nothing", () => {
  const names = [
    "requestObject",
    "spec",
    "containers",
    "securityContext",
    "ports",
    "image",
    "subjects",
    "rules",
  ];
  const names2 = [
    "verbs",
    "volumes",
    "hostPath",
    "path",
    "objectRef",
    "resource",
    "annotations",
    "requestURI",
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom<unknown>(null, true, 0, "", "a", "pods", "?%", []),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names, ...names2), tie("tree"), { maxKeys: 6 }),
    ),
  }));
  const args = [undefined, { text: "0", index: 0 }, { text: "/spec*", index: undefined }];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names, ...names2), tree), (members) => {
      const context = auditContext({ auditID: "x", ...members });
      for (const field of fields.values()) {
        for (const arg of args) {
          if (arg ? !field.arg : field.arg === "required") continue;
          const value = field.read(context, arg);
          const values = Array.isArray(value) ? value : [value ?? ""];
          expect(Array.isArray(value)).toBe((field.list ?? false) && value !== undefined);
          expect(values.every((one) => typeof one === "string")).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});
