// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { FalcoError } from "../../core/errors.ts";
import { loadDefinition, parseDefinition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";
import { serviceCertificate } from "./certificate.ts";
import { jsonPatch, type Operation } from "./json-patch.ts";
import type { Json, JsonObject } from "./pod.ts";
import { answerReview, type ReviewOptions } from "./review.ts";
import { serveWebhook, type Webhook } from "./webhook-server.ts";

const lookup: ImageConfigLookup = async (image) => {
  if (image === "private") throw new FalcoError("X", "not allowed");
  return { entrypoint: ["/image-entry"], cmd: ["image-cmd"] };
};
const defaults: ReviewOptions = {
  definition: loadDefinition(),
  optIn: false,
  imageVolumes: false,
  toolsImage: "tools:1",
  onError: "allow",
  lookup,
};

/** A review as API servers of version 1.30 send it. */
const reviewOf = (object: JsonObject, more: JsonObject = {}): JsonObject => ({
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
const podOf = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "web-", labels: { app: "web" }, ...metadata },
  spec,
});
const container = (more: JsonObject = {}): JsonObject => ({
  name: "app",
  image: "busybox",
  command: ["/app"],
  ...more,
});

/** Applies a JSON Patch as RFC 6902 says, to see what an API server would make of it. */
function applied(object: JsonObject, operations: readonly Operation[]): JsonObject {
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

async function answer(object: JsonObject, options: Partial<ReviewOptions> = {}, more: JsonObject = {}) {
  const review = await answerReview(reviewOf(object, more), { ...defaults, ...options });
  const response = review.response as {
    uid: string;
    allowed: boolean;
    patch?: string;
    warnings?: string[];
    status?: JsonObject;
  };
  expect([review.kind, review.apiVersion, response.uid]).toEqual([
    "AdmissionReview",
    "admission.k8s.io/v1",
    "705ab4f5-6393-11e8-b7cc-42010a800002",
  ]);
  const operations = response.patch
    ? (JSON.parse(Buffer.from(response.patch, "base64").toString()) as Operation[])
    : [];
  return { response, operations, object: applied(object, operations) };
}
const specOf = (object: JsonObject) => object.spec as { [key: string]: JsonObject[] };
const first = (object: JsonObject): JsonObject => specOf(object).containers![0]!;

describe("answerReview()", () => {
  test("starts the container under falco and lends the image's folder by an init container", async () => {
    const before = podOf({
      containers: [container({ args: ["-v"] })],
      initContainers: [{ name: "own", image: "i" }],
    });
    const { object, response } = await answer(before);
    expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    expect(first(object)).toEqual({
      name: "app",
      image: "busybox",
      command: ["/opt/falco/falco", "trace", "--", "/app"],
      args: ["-v"],
      volumeMounts: [{ name: "kilt-falco", mountPath: "/opt/falco", subPath: "opt/falco", readOnly: true }],
    });
    const { initContainers, volumes } = specOf(object);
    expect(initContainers!.map(({ name }) => name)).toEqual(["kilt-falco", "own"]);
    expect(initContainers![0]).toMatchObject({
      image: "docker.io/falcosecurity/falco:latest",
      command: ["/opt/falco/falco", "kilt", "copy", "/opt/falco", "/kilt"],
      volumeMounts: [{ name: "kilt-falco", mountPath: "/kilt" }],
      securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
    });
    expect(initContainers![1]).toEqual({ name: "own", image: "i" });
    expect(volumes).toEqual([{ name: "kilt-falco", emptyDir: {} }]);
    expect(object.metadata).toMatchObject({ annotations: { "falco.org/kilt-patched": "app" } });
  });

  test("mounts of other images get falco's copier first; image volumes need none", async () => {
    const definition = parseDefinition({
      name: "d",
      text: 'build { entry_point: ["/w"] ${original.entry_point}, mount: [{ name: "Some_Tool", image: "t", volumes: ["/a", "/b/c"], entry_point: ["/wait"] }] }',
    });
    const before = podOf({ containers: [container()] });
    const { object } = await answer(before, { definition });
    expect(specOf(object).initContainers!.map(({ name, image, command }) => [name, image, command])).toEqual([
      ["kilt-tools", "tools:1", ["/opt/falco/falco", "kilt", "copy", "/opt/falco", "/kilt"]],
      ["kilt-some-tool", "t", ["/opt/falco/falco", "kilt", "copy", "/a", "/b/c", "/kilt"]],
    ]);
    expect(first(object).volumeMounts).toMatchObject([
      { mountPath: "/a", subPath: "a" },
      { mountPath: "/b/c", subPath: "b/c" },
    ]);
    const { object: mounted } = await answer(before, { definition, imageVolumes: true });
    expect(specOf(mounted).initContainers).toBeUndefined();
    expect(specOf(mounted).volumes).toEqual([{ name: "kilt-some-tool", image: { reference: "t" } }]);
  });

  test("a patched pod, or one made from a patched template, is not patched again", async () => {
    const { object } = await answer(
      podOf({ containers: [container(), container({ name: "b", image: "x" })] }),
    );
    expect((await answer(object)).operations).toEqual([]);
  });

  test("asks the image's configuration for what the container does not name, as the kubelet would", async () => {
    const spec = {
      containers: [
        { name: "none", image: "i" },
        { name: "args", image: "i", args: ["mine"] },
        { name: "command", image: "i", command: ["/mine"] },
      ],
    };
    const { object } = await answer(podOf(spec));
    const started = specOf(object).containers!.map(({ command, args }) => [
      (command as string[]).slice(3),
      args,
    ]);
    expect(started).toEqual([
      [["/image-entry"], ["image-cmd"]],
      [["/image-entry"], ["mine"]],
      [["/mine"], undefined],
    ]);
  });

  test("a container whose image cannot be asked stays as it is, with a warning", async () => {
    const before = podOf({ containers: [{ name: "a", image: "private" }, container({ name: "b" })] });
    const { object, response } = await answer(before);
    expect(first(object)).toEqual({ name: "a", image: "private" });
    expect(response.warnings![0]).toContain("container a is left as it is");
    expect(response.warnings![0]).toContain("not allowed");
    const { object: untouched } = await answer(podOf({ containers: [{ name: "a", image: "private" }] }));
    expect(untouched.metadata).toEqual({ generateName: "web-", labels: { app: "web" } });
  });

  test("variables: merged by name, those of the kubelet kept, and never lost in text", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ];
    const before = podOf({ containers: [container({ env })] });
    const definition = parseDefinition({
      name: "d",
      text: 'build.environment_variables { A: "2", NEW: ${original.metadata.app} }',
    });
    const { object } = await answer(before, { definition });
    expect(first(object).env).toEqual([{ name: "A", value: "2" }, env[1]!, { name: "NEW", value: "web" }]);
    const leaking = parseDefinition({
      name: "d",
      text: "build.entry_point: [${original.environment_variables.POD}] ${original.entry_point}",
    });
    const { operations, response } = await answer(before, { definition: leaking });
    expect(operations).toEqual([]);
    expect(response.warnings![0]).toContain("valueFrom");
  });

  const HOLDERS: readonly (readonly [string, string[]])[] = [
    ["Deployment", ["spec", "template"]],
    ["StatefulSet", ["spec", "template"]],
    ["DaemonSet", ["spec", "template"]],
    ["ReplicaSet", ["spec", "template"]],
    ["ReplicationController", ["spec", "template"]],
    ["Job", ["spec", "template"]],
    ["CronJob", ["spec", "jobTemplate", "spec", "template"]],
    ["PodTemplate", ["template"]],
  ];
  for (const [kind, path] of HOLDERS) {
    test(`patches the pod template of a ${kind}`, async () => {
      const template: JsonObject = { metadata: {}, spec: { containers: [container()] } };
      const holder = path.reduceRight<JsonObject>((inner, key) => ({ [key]: inner }), template);
      const { operations } = await answer({ kind, metadata: { name: "x" }, ...holder });
      const commands = operations.filter((operation) => operation.path.includes("/command"));
      expect(commands[0]!.path.startsWith(`/${path.join("/")}/spec/containers/0/command`)).toBe(true);
    });
  }

  const CHOICES: readonly (readonly [optIn: boolean, annotations: JsonObject, patched: string])[] = [
    [false, {}, "a:b"],
    [false, { "falco.org/kilt": "ignore" }, ""],
    [false, { "falco.org/kilt-ignore-containers": "a" }, "b"],
    [true, {}, ""],
    [true, { "falco.org/kilt": "include" }, "a:b"],
    [true, { "falco.org/kilt-include-containers": "x:b" }, "b"],
  ];
  for (const [optIn, annotations, names] of CHOICES) {
    test(`opt-${optIn ? "in" : "out"} with ${JSON.stringify(annotations)} patches ${names || "nothing"}`, async () => {
      const spec = { containers: [container({ name: "a" }), container({ name: "b" })] };
      const { object } = await answer(podOf(spec, { annotations }), { optIn });
      const after = (object.metadata as { annotations: JsonObject }).annotations;
      expect(after["falco.org/kilt-patched"] ?? "").toBe(names);
    });
  }

  test("what is not to be patched is allowed without a patch", async () => {
    const pod = podOf({ containers: [container()] });
    const cases: [JsonObject, JsonObject][] = [
      [pod, { operation: "DELETE" }],
      [pod, { operation: "UPDATE", subResource: "ephemeralcontainers" }],
      [pod, { object: null }],
      [{ kind: "Service", metadata: {}, spec: {} }, {}],
      [
        {
          kind: "Deployment",
          metadata: { annotations: { "falco.org/kilt": "ignore" } },
          spec: { template: { spec: { containers: [container()] } } },
        },
        {},
      ],
    ];
    for (const [object, more] of cases) {
      const { response } = await answer(object, {}, more);
      expect(response).toEqual({ uid: response.uid, allowed: true });
    }
  });

  const MALFORMED: readonly JsonObject[] = [
    { kind: "Pod", metadata: {} },
    podOf({ containers: "none" }),
    podOf({ containers: [container({ command: "not a list" })] }),
    podOf({ containers: [container({ env: [1] })] }),
    { kind: "Deployment", metadata: {}, spec: { template: null } },
  ];
  for (const object of MALFORMED) {
    test(`a malformed object is passed on or denied as configured: ${JSON.stringify(object).slice(0, 60)}`, async () => {
      const passed = await answer(object);
      expect(passed.response).toMatchObject({
        allowed: true,
        warnings: [expect.stringContaining("falco kilt: ")],
      });
      expect(passed.operations).toEqual([]);
      const denied = await answer(object, { onError: "deny" });
      expect(denied.response).toMatchObject({
        allowed: false,
        status: { code: 400, message: expect.stringContaining("falco kilt") },
      });
    });
  }

  test("a definition that cannot be applied is passed on or denied as configured", async () => {
    const definition = parseDefinition({ name: "d", text: "build.image: ${original.metadata.nope}" });
    const pod = podOf({ containers: [container()] });
    expect((await answer(pod, { definition })).response).toMatchObject({ allowed: true });
    expect((await answer(pod, { definition, onError: "deny" })).response).toMatchObject({
      allowed: false,
      status: { code: 500 },
    });
  });
});

describe("jsonPatch()", () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  test("makes one value of the other, whatever they are", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const before = { root: a };
        expect(applied(before, jsonPatch(before, { root: b }))).toEqual({ root: b });
      }),
      { numRuns: 300 },
    );
  });

  test("adds in front and behind without touching what stands between", () => {
    expect(jsonPatch({ l: [{ n: 1 }, { n: 2 }] }, { l: [{ n: 0 }, { n: 1 }, { n: 2 }] })).toEqual([
      { op: "add", path: "/l/0", value: { n: 0 } },
    ]);
    expect(jsonPatch({ "a/b~": [1] }, { "a/b~": [1, 2] })).toEqual([
      { op: "add", path: "/a~1b~0/-", value: 2 },
    ]);
  });
});

describe("serveWebhook()", () => {
  const folder = mkdtempSync(join(tmpdir(), "kilt-webhook-"));
  const log: string[] = [];
  let webhook: Webhook;
  let ca: string;
  const write = async (): Promise<string> => {
    const made = await serviceCertificate(["localhost"], 1);
    writeFileSync(join(folder, "tls.crt"), made.cert);
    writeFileSync(join(folder, "tls.key"), made.key);
    return made.ca;
  };
  const send = (path: string, init: RequestInit = {}, authority = ca) =>
    fetch(`https://localhost:${webhook.port}${path}`, {
      ...init,
      tls: { ca: authority },
    } as BunFetchRequestInit);
  const post = (body: string, type = "application/json") =>
    send("/mutate", { method: "POST", body, headers: { "content-type": type } });

  beforeAll(async () => {
    ca = await write();
    webhook = serveWebhook({
      ...defaults,
      host: "127.0.0.1",
      port: 0,
      cert: join(folder, "tls.crt"),
      key: join(folder, "tls.key"),
      log: (line) => log.push(line),
    });
  });
  afterAll(async () => {
    await webhook.stop();
    rmSync(folder, { recursive: true });
  });

  test("answers a review over TLS, and its health", async () => {
    const response = await post(JSON.stringify(reviewOf(podOf({ containers: [container()] }))));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ response: { allowed: true, patchType: "JSONPatch" } });
    expect((await send("/healthz")).status).toBe(200);
  });

  const REFUSED: readonly (readonly [string, string, number])[] = [
    ["text that is not JSON", "{", 400],
    ["null", "null", 400],
    ["another kind", '{"kind":"Pod"}', 400],
    [
      "an older version",
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"1"}}',
      400,
    ],
    ["no request", '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', 400],
    ["no uid", '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}', 400],
    ["a body beyond every object's size", "x".repeat(9 << 20), 413],
  ];
  for (const [title, body, status] of REFUSED) {
    test(`refuses ${title}`, async () => {
      expect((await post(body)).status).toBe(status);
    });
  }

  test("refuses other types, methods and paths", async () => {
    expect((await post("{}", "text/plain")).status).toBe(415);
    expect((await send("/mutate")).status).toBe(405);
    expect((await send("/other")).status).toBe(404);
  });

  test("serves a renewed certificate without being restarted", async () => {
    const renewed = await write();
    for (let i = 0; i < 100 && !log.includes("certificate reloaded"); i++) await Bun.sleep(50);
    expect((await send("/healthz", {}, renewed)).status).toBe(200);
    ca = renewed;
  });

  test("says which file it cannot read", () => {
    const options = {
      ...defaults,
      host: "127.0.0.1",
      port: 0,
      cert: "/nowhere/c",
      key: "/nowhere/k",
      log: () => {},
    };
    expect(() => serveWebhook(options)).toThrow("Cannot read /nowhere/c");
  });
});
