import { grpcFixture, sampleAlert } from "../e2e/grpc/server-fixture.ts";
import type { Bench, BenchRow } from "./bench.ts";

export const name: Bench["name"] = "grpc-outputs";
export const description: Bench["description"] =
  "Alerts of 370 bytes through falco.outputs.service/sub on a unix socket to one subscriber in another process, whose " +
  "start-up (the first fifth) is left out; the goal is 50,000 a second, none lost, in order. Latency is from publish " +
  "to the subscriber: at full speed that is its backlog, at a rate it is the way.";

const TOTAL = 100_000;
const FIELD = "sent";

/** The subscriber: prints `count seconds p50 p99 disordered` when it has all. */
const SUBSCRIBER = `
  const { makeClientConstructor, credentials } = await import("@grpc/grpc-js");
  const { service, responseSchema, requestSchema } = await import("./proto/gen/outputs_pb.ts");
  const { serviceDefinition } = await import("./proto/service-definition.ts");
  const { create, fromBinary } = await import("@bufbuild/protobuf");
  const definition = serviceDefinition(service);
  definition.sub.responseDeserialize = (bytes) => bytes;
  const Stub = makeClientConstructor(definition, "outputs");
  const stub = new Stub(process.argv[1], credentials.createInsecure());
  const call = stub.sub();
  call.write(create(requestSchema));
  const total = Number(process.argv[2]);
  const raw = [];
  const at = new Float64Array(total);
  await new Promise((resolve) => call.on("data", (bytes) => {
    at[raw.length] = performance.timeOrigin + performance.now();
    if (raw.push(bytes) === total) resolve();
  }));
  let disordered = 0;
  const warm = total / 5;
  const latencies = raw.map((bytes, i) => {
    const fields = fromBinary(responseSchema, bytes).outputFields;
    if (Number(fields.n) !== i) disordered++;
    return at[i] - Number(fields.${FIELD});
  }).slice(warm).sort((a, b) => a - b);
  const count = latencies.length;
  const seconds = (at[total - 1] - at[warm - 1]) / 1000;
  console.log([count, seconds, latencies[count >> 1], latencies[Math.floor(count * 0.99)], disordered].join(" "));
  process.exit(0);
`;

async function measure(offered: string, perSecond: number): Promise<BenchRow> {
  await using server = await grpcFixture();
  const address = server.address.replace("unix://", "unix:");
  const child = Bun.spawn([process.execPath, "-e", SUBSCRIBER, address, String(TOTAL)], {
    stdout: "pipe",
    cwd: `${import.meta.dir}/../..`,
  });
  while (server.hub.stats().subscribers === 0) await Bun.sleep(5);
  const start = performance.now();
  for (let n = 0; n < TOTAL; ) {
    const due = Math.min(TOTAL, Math.floor(((performance.now() - start) / 1000) * perSecond));
    // In a turn of the loop no more than what a busy engine hands over at once.
    for (const end = Math.min(due, n + 256); n < end; n++) {
      const alert = sampleAlert(n);
      const sent = performance.timeOrigin + performance.now();
      server.hub.publish({ ...alert, fields: { ...alert.fields, [FIELD]: sent } });
    }
    if (n < due) await new Promise((resolve) => setImmediate(resolve));
    else await Bun.sleep(1);
  }
  const [count, seconds, p50, p99, disordered] = (await new Response(child.stdout).text())
    .trim()
    .split(" ")
    .map(Number);
  const { missed } = server.hub.stats();
  return {
    offered,
    "alerts/s": count! / seconds!,
    "p50 ms": p50!,
    "p99 ms": p99!,
    missed,
    "out of order": disordered!,
  };
}

export const run: Bench["run"] = async () => [
  await measure("all at once", 1e9),
  await measure("10,000/s", 10_000),
];
