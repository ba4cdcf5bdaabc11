import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { loadConfig } from "../../core/config/load.ts";
import type { LogLevel } from "../../core/log.ts";
import { LOSSES, type OutputStats } from "../../core/outputs/alert-queue.ts";
import { OutputQueue } from "../../core/outputs/outputs.ts";
import { sampleAlert } from "../harness/alert.ts";
import { Workspace } from "../harness/programs.ts";

const ALERTS = 100_000;
/** Once the bad output's queue is full, memory must not grow further than the collector's breathing. */
const WARM = 30_000;
const SAMPLED = 10_000;
const BREATH = 80 << 20;

/** Accepts connections and never answers. */
const sockets = new Set<Socket>();
const blackHole: Server = createServer((socket) => {
  sockets.add(socket);
  socket.on("error", () => undefined);
});
await new Promise<void>((resolve) => blackHole.listen(0, "127.0.0.1", resolve));
const holePort = (blackHole.address() as { port: number }).port;
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  blackHole.close();
});

/** A file system of one megabyte, or undefined where one may not be mounted. */
function smallDisk(space: Workspace): string | undefined {
  const path = space.file("disk");
  mkdirSync(path);
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], {
    stderr: "ignore",
  });
  return mounted.exitCode === 0 ? path : undefined;
}

interface Outcome {
  readonly stats: ReadonlyMap<string, OutputStats>;
  readonly good: number;
  readonly grown: number;
  readonly log: readonly string[];
}

/** 100,000 alerts in turns of a thousand into a good file and whatever else is configured. */
async function flood(space: Workspace, overrides: readonly string[]): Promise<Outcome> {
  const { config } = loadConfig({
    searchPaths: [],
    overrides: [
      "stdout_output.enabled=false",
      "syslog_output.enabled=false",
      "file_output.enabled=true",
      `file_output.filename=${space.file("good.txt")}`,
      "output_timeout=500",
      ...overrides,
    ],
  });
  const log: string[] = [];
  const outputs = new OutputQueue(config, {
    log: (level: LogLevel, message) => log.push(`${level}: ${message}`),
  });
  let warm = 0;
  let peak = 0;
  for (let i = 0; i < ALERTS; i++) {
    outputs.push(sampleAlert({ message: `alert ${i} ${"x".repeat(400)}` }));
    if (i % 1000 === 999) {
      await outputs.room();
      await new Promise((resolve) => setImmediate(resolve));
      if (i % SAMPLED !== SAMPLED - 1) continue;
      // In a large process the collector lets much garbage gather; what is left after it is what counts.
      Bun.gc(true);
      const rss = process.memoryUsage.rss();
      if (i < WARM) warm = Math.max(warm, rss);
      peak = Math.max(peak, rss);
    }
  }
  await outputs.drain(1000);
  const stats = new Map(outputs.stats().map((each) => [each.name, each]));
  let good = 0;
  try {
    good = readFileSync(space.file("good.txt"), "utf8").split("\n").length - 1;
  } catch {
    // The file output is the one under test and went elsewhere.
  }
  return { stats, good, grown: peak - warm, log };
}

const lost = (stats: OutputStats | undefined): number =>
  LOSSES.reduce((sum, loss) => sum + (stats?.lost[loss] ?? 0), 0);
function expectBalance(stats: OutputStats | undefined): void {
  expect(stats?.taken).toBe(ALERTS);
  expect(stats!.delivered + stats!.queued + lost(stats)).toBe(ALERTS);
  expect(stats?.queued).toBe(0);
}

test.each([
  [
    "a black-holed HTTP endpoint",
    "http",
    ["http_output.enabled=true", `http_output.url=http://127.0.0.1:${holePort}/`],
  ],
  [
    "a program that never reads",
    "program",
    [
      "program_output.enabled=true",
      "program_output.keep_alive=true",
      "program_output.program=exec sleep 1000",
    ],
  ],
  [
    "a program that never reads, one an alert",
    "program",
    ["program_output.enabled=true", "program_output.program=exec sleep 1000"],
  ],
  [
    "a NATS server that is not there",
    "nats",
    ["nats_output.enabled=true", "nats_output.servers[0]=nats://127.0.0.1:1"],
  ],
  [
    "a NATS server that never answers",
    "nats",
    ["nats_output.enabled=true", `nats_output.servers[0]=nats://127.0.0.1:${holePort}`],
  ],
  [
    "a Fluentd that never answers",
    "fluentd",
    ["fluentd_output.enabled=true", `fluentd_output.address=127.0.0.1:${holePort}`],
  ],
] as const)(
  "OutputQueue delivers all elsewhere beside %s, and counts what that loses",
  async (_, name, overrides) => {
    await using space = new Workspace();
    const { stats, good, grown, log } = await flood(space, overrides);
    expect(good).toBe(ALERTS);
    expect(stats.get("file")).toMatchObject({ taken: ALERTS, delivered: ALERTS, queued: 0 });
    expectBalance(stats.get(name));
    expect(lost(stats.get(name))).toBeGreaterThan(ALERTS * 0.9);
    expect(grown).toBeLessThan(BREATH);
    // Once when it begins and once at the end, not once an alert.
    const told = log.filter((line) => line.includes(`Output "${name}" lost`));
    expect(told.length).toBeWithin(1, 5);
  },
  60_000,
);

test("OutputQueue goes on beside a full disk, whose file ends with a whole line or a cut one", async () => {
  await using space = new Workspace();
  const disk = smallDisk(space);
  if (!disk) {
    console.error("skipped: a small tmpfs cannot be mounted here (needs root)");
    return;
  }
  try {
    const { stats } = await flood(space, [
      `file_output.filename=${disk}/full.txt`,
      "program_output.enabled=true",
      "program_output.keep_alive=true",
      `program_output.program=exec cat > ${space.file("good.txt")}`,
    ]);
    const file = stats.get("file");
    expectBalance(file);
    const content = readFileSync(`${disk}/full.txt`, "utf8");
    expect(content.split("\n").filter((line) => line.endsWith("xxx")).length).toBeGreaterThanOrEqual(
      file!.delivered,
    );
    expect(content.match(/x{10}\n/g)?.length).toBe(file!.delivered);
    expect(statSync(`${disk}/full.txt`).size).toBeGreaterThan(900_000);
    expect(stats.get("program")).toMatchObject({ taken: ALERTS, delivered: ALERTS });
    expect(readFileSync(space.file("good.txt"), "utf8").split("\n").length - 1).toBe(ALERTS);
  } finally {
    Bun.spawnSync(["umount", disk]);
  }
}, 60_000);
