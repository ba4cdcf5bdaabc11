// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { describe, expect, test } from "bun:test";
import { FalcoError } from "../../core/errors.ts";
import { applied, container, podOf, reviewOf } from "../../tests/harness/admission.ts";
import { loadDefinition, parseDefinition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";
import type { Operation } from "./json-patch.ts";
import type { JsonObject } from "./pod.ts";
import { answerReview, type ReviewOptions } from "./review.ts";

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

  test("an update of a pod is patched as it was when it was made, or not at all", async () => {
    const written = podOf({ containers: [container()] });
    const { object: made } = await answer(written);
    // As `kubectl apply` sends it: what its author wrote, over what the webhook added beside it.
    const applied = structuredClone(made);
    first(applied).command = ["/app"];
    const { object } = await answer(applied, {}, { operation: "UPDATE", oldObject: made });
    expect(object).toEqual(made);
    const { operations } = await answer(written, {}, { operation: "UPDATE", oldObject: written });
    expect(operations).toEqual([]);
  });

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
