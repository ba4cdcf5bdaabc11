import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { LOSSES, type OutputStats } from "../../core/outputs/alert-queue.ts";
import { Workspace } from "../harness/programs.ts";
import type { FloodReport } from "./workload/alert-flood.ts";

const ALERTS = 100_000;
const FLOOD = join(import.meta.dir, "workload", "alert-flood.ts");
/** Once the bad output's queue is full, nothing more is kept: half of what the other 70,000 alerts would take. */
const HEAP_GROWTH = 24 << 20;
/** What the allocator and sockets hold besides breathes more. */
const RSS_GROWTH = 80 << 20;
/** A flood takes seconds; on a machine with much else to do, ten times that. */
const LONG = 180_000;

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
  readonly report: FloodReport;
  /** Lines of the file that all alerts should have come to. */
  readonly good: number;
}

/** 100,000 alerts in turns of a thousand into a good output and whatever else is configured. */
async function flood(space: Workspace, good: string, overrides: readonly string[]): Promise<Outcome> {
  const words = [
    "stdout_output.enabled=false",
    "syslog_output.enabled=false",
    "file_output.enabled=true",
    `file_output.filename=${space.file("good.txt")}`,
    "output_timeout=500",
    ...overrides,
  ];
  // Not `spawnSync`: the black hole that it talks to is this process.
  await using child = Bun.spawn([process.execPath, FLOOD, String(ALERTS), good, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const report = JSON.parse(await new Response(child.stdout).text()) as FloodReport;
  const stats = new Map(report.stats.map((each) => [each.name, each]));
  const lines = readFileSync(space.file("good.txt"), "utf8").split("\n").length - 1;
  return { stats, report, good: lines };
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
    const { stats, good, report } = await flood(space, "file", overrides);
    expect(good).toBe(ALERTS);
    expect(stats.get("file")).toMatchObject({ taken: ALERTS, delivered: ALERTS, queued: 0 });
    expectBalance(stats.get(name));
    expect(lost(stats.get(name))).toBeGreaterThan(ALERTS * 0.9);
    expect(report.heapGrown).toBeLessThan(HEAP_GROWTH);
    expect(report.rssGrown).toBeLessThan(RSS_GROWTH);
    // Once when it begins, once each half minute and once at the end; not once an alert.
    const told = report.log.filter((line) => line.includes(`Output "${name}" lost`));
    expect(told.length).toBeWithin(1, 3 + Math.floor(report.seconds / 30));
  },
  LONG,
);

test(
  "OutputQueue goes on beside a full disk, whose file ends with a whole line or a cut one",
  async () => {
    await using space = new Workspace();
    const disk = smallDisk(space);
    if (!disk) {
      console.error("skipped: a small tmpfs cannot be mounted here (needs root)");
      return;
    }
    try {
      const { stats, good } = await flood(space, "program", [
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
      expect(good).toBe(ALERTS);
    } finally {
      // Lazily: a process that ends may hold its file a moment longer.
      Bun.spawnSync(["umount", "-l", disk]);
    }
  },
  LONG,
);
