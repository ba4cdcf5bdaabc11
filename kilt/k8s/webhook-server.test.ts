import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { container, podOf, reviewOf } from "../../tests/harness/admission.ts";
import { eventually } from "../../tests/harness/programs.ts";
import { loadDefinition } from "../definition.ts";
import { serviceCertificate } from "./certificate.ts";
import type { ReviewOptions } from "./review.ts";
import { serveWebhook, type Webhook } from "./webhook-server.ts";

const defaults: ReviewOptions = {
  definition: loadDefinition(),
  optIn: false,
  imageVolumes: false,
  toolsImage: "tools:1",
  onError: "allow",
};

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
    await eventually(() => log.includes("certificate reloaded"));
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
