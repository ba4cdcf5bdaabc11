import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FalcoClient } from "../../proto/clients/typescript/src/falco-client.ts";
import { whyNoEbpf } from "../e2e/live-recorder.ts";
import type { Bench, BenchRow } from "./bench.ts";
import { startFalco } from "./falco-process.ts";

export const name: Bench["name"] = "client-latency";
export const description: Bench["description"] =
  "From a system call to the alert about it in a gRPC client on a unix socket, under `falco run`: the kernel's time of " +
  "the event against the client's clock when it has decoded the alert. It holds the way out of the kernel, state, match, " +
  "both threads of falco, and the wire. The client is this process, which also makes the calls.";

const ALERTS = 1000;
const WARM = 200;

/** Opens a file that a rule is about, so many times a second, and waits for the alerts. */
async function measure(address: string, marker: string, perSecond: number): Promise<BenchRow> {
  const client = new FalcoClient({ address });
  const stop = new AbortController();
  const latencies: number[] = [];
  const reading = (async () => {
    for await (const { time } of client.sub(stop.signal)) {
      latencies.push(performance.timeOrigin + performance.now() - Number(time) / 1e6);
      if (latencies.length === ALERTS + WARM) break;
    }
  })();
  const open = (): void => closeSync(openSync(marker, "r"));
  // Until the subscription and the probe are there.
  while (latencies.length === 0) {
    open();
    await Bun.sleep(50);
  }
  const start = performance.now();
  for (let n = 0; latencies.length < ALERTS + WARM; n++) {
    open();
    const due = start + (n / perSecond) * 1000;
    await Bun.sleep(Math.max(0, due - performance.now()));
  }
  await reading;
  client.close();
  const sorted = latencies.slice(WARM).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)]!;
  return {
    "alerts/s": perSecond,
    alerts: sorted.length,
    "p50 ms": at(0.5),
    "p99 ms": at(0.99),
    "worst ms": at(0.9999),
  };
}

export const run: Bench["run"] = async () => {
  const missing = whyNoEbpf();
  if (missing) return missing;
  const directory = mkdtempSync(join(tmpdir(), "falco-latency-"));
  const marker = join(directory, "marker");
  await Bun.write(marker, "");
  const rule = `- rule: marker\n  desc: A file of this bench was opened.\n  condition: evt.type in (open, openat) and fd.name = ${marker}\n  output: "%fd.name"\n  priority: INFO\n`;
  const socket = join(directory, "falco.sock");
  const falco = await startFalco(
    {
      "grpc.enabled": "true",
      "grpc.bind_address": `unix://${socket}`,
      "grpc_output.enabled": "true",
      "grpc.state_dir": directory,
    },
    rule,
  );
  try {
    const rows: BenchRow[] = [];
    for (const perSecond of [100, 1000]) rows.push(await measure(`unix://${socket}`, marker, perSecond));
    return rows;
  } finally {
    await falco.stop();
    rmSync(directory, { recursive: true, force: true });
  }
};
