import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { loadDefinition } from "../../kilt/definition.ts";
import { serviceCertificate } from "../../kilt/k8s/certificate.ts";
import { type ManifestOptions, manifests, serviceNames } from "../../kilt/k8s/manifests.ts";
import { serveWebhook, type Webhook } from "../../kilt/k8s/webhook-server.ts";
import { ApiServer } from "../harness/api-server.ts";
import { eventually } from "../harness/programs.ts";
import { tempDir } from "../harness/temp-dir.ts";

const folder = tempDir();
const started = await ApiServer.start();
const reason = typeof started === "string" ? started : undefined;
const skipping = reason === undefined ? "" : ` [skipped: ${reason}]`;
const server = started as ApiServer;
let webhook: Webhook | undefined;

afterAll(async () => {
  await webhook?.stop();
  if (reason === undefined) await server.stop();
});

/** Runs kubectl and returns what it printed; fails the test with what it said if it fails. */
async function kubectl(words: readonly string[], input: unknown = ""): Promise<string> {
  const { code, stderr, stdout } = await server.kubectl(
    words,
    typeof input === "string" ? input : JSON.stringify(input),
  );
  if (code !== 0) throw new Error(`kubectl ${words.join(" ")}: ${stderr}`);
  return stdout;
}
const apply = (object: unknown): Promise<string> =>
  kubectl(["apply", "--validate=strict", "-f", "-"], object);

async function optionsOf(more: Partial<ManifestOptions> = {}): Promise<ManifestOptions> {
  return {
    namespace: "falco-kilt",
    image: "falco:1",
    optIn: "none",
    failurePolicy: "Ignore",
    podsOnly: false,
    certificate: await serviceCertificate(serviceNames("falco-kilt"), 1),
    ...more,
  };
}

describe.skipIf(reason !== undefined)(`a Kubernetes API server${skipping}`, () => {
  test("takes every manifest as it is, strictly checked", async () => {
    expect(await apply(manifests(await optionsOf()))).toContain(
      "mutatingwebhookconfiguration.admissionregistration.k8s.io/falco-kilt created",
    );
    const other = await optionsOf({
      definition: "build {}",
      optIn: "namespaces",
      failurePolicy: "Fail",
      podsOnly: true,
      imagePullSecret: "pull",
    });
    expect(await apply(manifests(other))).toContain("configmap/falco-kilt-definition created");
  });

  describe("asks the webhook", () => {
    beforeAll(async () => {
      const made = await serviceCertificate(["localhost"], 1);
      writeFileSync(join(folder, "crt"), made.cert);
      writeFileSync(join(folder, "key"), made.key);
      webhook = serveWebhook({
        definition: loadDefinition(),
        optIn: false,
        imageVolumes: false,
        toolsImage: "falco:1",
        onError: "allow",
        host: "127.0.0.1",
        port: 0,
        cert: join(folder, "crt"),
        key: join(folder, "key"),
        log: () => {},
      });
      const all = parseAllDocuments(manifests(await optionsOf({ failurePolicy: "Fail" }))).map((one) =>
        one.toJS(),
      );
      const configuration = all.find(({ kind }) => kind === "MutatingWebhookConfiguration");
      // No network of a cluster leads to the service here: the webhook is asked by its address.
      const url = `https://localhost:${webhook.port}/mutate`;
      configuration.webhooks[0].clientConfig = { url, caBundle: Buffer.from(made.ca).toString("base64") };
      await apply(configuration);
      await kubectl(["create", "namespace", "left-out"]);
      await kubectl(["label", "namespace", "left-out", "falco.org/kilt=ignore"]);
      await untilAsked();
    });

    /** API servers take a second or so to see a configuration. */
    async function untilAsked(): Promise<void> {
      const words = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
      await eventually(async () => (await kubectl(words, pod("probe"))).includes("trace"));
    }

    const container = { name: "app", image: "busybox", command: ["/app"] };
    const pod = (name: string, more: object = {}) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, ...more },
      spec: { containers: [container] },
    });
    const read = (what: string, path: string, ...words: string[]): Promise<string> =>
      kubectl(["get", what, "-o", `jsonpath={${path}}`, ...words]);
    const COMMAND = '["/opt/falco/falco","trace","--","/app"]';

    test("about pods, which are applied again and changed as before", async () => {
      await apply(pod("web"));
      expect(await read("pod/web", ".spec.containers[0].command")).toBe(COMMAND);
      expect(await read("pod/web", ".spec.initContainers[*].name")).toBe("kilt-falco");
      expect(await apply(pod("web"))).toContain("pod/web");
      await kubectl(["label", "pod", "web", "x=y"]);
      const changed = { ...pod("web"), spec: { containers: [{ ...container, image: "busybox:2" }] } };
      await apply(changed);
      expect(await read("pod/web", ".spec.containers[0]['image','command']")).toBe(`busybox:2 ${COMMAND}`);
    });

    test("not about pods and namespaces that are left out", async () => {
      await apply(pod("alone", { annotations: { "falco.org/kilt": "ignore" } }));
      expect(await read("pod/alone", ".spec.containers[0].command")).toBe('["/app"]');
      // A pod that was made without it can still be changed.
      await kubectl(["annotate", "pod", "alone", "falco.org/kilt-"]);
      await kubectl(["label", "pod", "alone", "x=y"]);
      await apply(pod("other", { namespace: "left-out" }));
      expect(await read("pod/other", ".spec.containers[0].command", "-n", "left-out")).toBe('["/app"]');
    });

    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } };
    const selector = { matchLabels: { a: "b" } };
    const once = { ...template, spec: { ...template.spec, restartPolicy: "Never" } };
    const HOLDERS: readonly (readonly [string, string, object, string])[] = [
      ["apps/v1", "Deployment", { selector, template }, ".spec.template"],
      ["apps/v1", "StatefulSet", { selector, template, serviceName: "s" }, ".spec.template"],
      ["apps/v1", "DaemonSet", { selector, template }, ".spec.template"],
      ["batch/v1", "Job", { template: once }, ".spec.template"],
      [
        "batch/v1",
        "CronJob",
        { schedule: "0 0 * * *", jobTemplate: { spec: { template: once } } },
        ".spec.jobTemplate.spec.template",
      ],
    ];
    for (const [apiVersion, kind, spec, path] of HOLDERS) {
      test(`about a ${kind}, once and again with the same result`, async () => {
        const object = { apiVersion, kind, metadata: { name: "h" }, spec };
        for (let i = 0; i < 2; i++) {
          await apply(object);
          expect(await read(`${kind}/h`, `${path}.spec.containers[0].command`)).toBe(COMMAND);
          expect(await read(`${kind}/h`, `${path}.spec.initContainers[*].name`)).toBe("kilt-falco");
        }
      });
    }
  });
});
