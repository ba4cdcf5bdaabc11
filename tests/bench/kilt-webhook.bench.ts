import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDefinition } from "../../kilt/definition.ts";
import { serviceCertificate } from "../../kilt/k8s/certificate.ts";
import { serveWebhook, type Webhook } from "../../kilt/k8s/webhook-server.ts";
import { container, podOf, reviewOf } from "../harness/admission.ts";
import type { BenchRow } from "./bench.ts";

const REQUESTS = 2000;

export const name = "kilt-webhook";
export const description = "answering an AdmissionReview over TLS; the p99 is to stay below 20 ms";

export async function run(): Promise<readonly BenchRow[] | string> {
  const folder = mkdtempSync(join(tmpdir(), "kilt-bench-"));
  const { ca, cert, key } = await serviceCertificate(["localhost"], 1);
  writeFileSync(join(folder, "crt"), cert);
  writeFileSync(join(folder, "key"), key);
  const webhook = serveWebhook({
    definition: loadDefinition(),
    optIn: false,
    imageVolumes: false,
    toolsImage: "tools",
    onError: "allow",
    host: "127.0.0.1",
    port: 0,
    cert: join(folder, "crt"),
    key: join(folder, "key"),
    log: () => {},
  });
  try {
    const rows: BenchRow[] = [];
    for (const callers of [1, 8])
      for (const containers of [1, 20]) rows.push(await measure(webhook, ca, callers, containers));
    return rows;
  } finally {
    await webhook.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measure(webhook: Webhook, ca: string, callers: number, containers: number): Promise<BenchRow> {
  const env = Array.from({ length: 20 }, (_, i) => ({ name: `VARIABLE_${i}`, value: "x".repeat(40) }));
  const all = Array.from({ length: containers }, (_, i) => container({ name: `c${i}`, env }));
  const body = JSON.stringify(reviewOf(podOf({ containers: all })));
  const times: number[] = [];
  const call = async (): Promise<void> => {
    const start = performance.now();
    const response = await fetch(`https://localhost:${webhook.port}/mutate`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
      tls: { ca },
    });
    await response.json();
    times.push(performance.now() - start);
  };
  const caller = async (): Promise<void> => {
    for (let i = 0; i < REQUESTS / callers; i++) await call();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)]!;
  return {
    callers,
    containers,
    "p50 ms": at(0.5),
    "p99 ms": at(0.99),
    "slowest ms": times.at(-1)!,
    "requests/s": REQUESTS / seconds,
  };
}
