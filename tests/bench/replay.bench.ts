import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { BLOCK_HEAD, EVENT_BLOCKS } from "../../core/capture/scap/blocks.ts";
import type { BenchRow } from "./bench.ts";
import { memoryKb } from "./falco-process.ts";

const ROOT = resolve(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/falco");
const CONFORMANCE = process.env.FALCO_CONFORMANCE ?? resolve(ROOT, "../shared/conformance");
const PUBLIC = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules"].map((name) =>
  join(CONFORMANCE, "rules", `${name}.yaml`),
);
/** A third of these are also run alone: the JIT compiler's work is done in them, and is most of what they cost. */
const EVENTS = Number(process.env.FALCO_BENCH_EVENTS ?? 6_000_000);
/** Each is run so often, and the least CPU counts: what else runs on a machine, and beside it on its processor, can only add to it. */
const ROUNDS = Number(process.env.FALCO_BENCH_ROUNDS ?? 3);
const COPIES = 40;
const POLL_MS = 10;

export const name = "replay";
export const description =
  "CPU and memory of a replay of the default live mix, by number of rules (reference: 530, 990, 2,900, 32,400 ns)";

interface Block {
  readonly start: number;
  readonly end: number;
  /** Where the event record stands in an event block: behind CPU number, and flags where the kind has them. */
  readonly record: number | undefined;
}

function blocksOf(bytes: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at + BLOCK_HEAD <= bytes.length; ) {
    const end = at + bytes.readUInt32LE(at + 4);
    const kind = EVENT_BLOCKS.get(bytes.readUInt32LE(at));
    blocks.push({ start: at, end, record: kind && at + BLOCK_HEAD + kind.prefix });
    at = end;
  }
  return blocks;
}

/** The capture with its events repeated, each round later than the one before. Returns the number of events. */
function repeat(source: string, target: string, rounds: number): number {
  const raw = readFileSync(source);
  const bytes = raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw) : raw;
  const blocks = blocksOf(bytes);
  const events = blocks.filter((block) => block.record !== undefined);
  const seeds = blocks.filter((block) => block.record === undefined);
  const first = bytes.readBigUInt64LE(events[0]!.record!);
  const span = bytes.readBigUInt64LE(events.at(-1)!.record!) - first + 1_000_000n;
  writeFileSync(target, Buffer.concat(seeds.map(({ start, end }) => bytes.subarray(start, end))));
  for (let round = 0; round < rounds; round++) {
    const parts: Buffer[] = [];
    for (const { start, end, record } of events) {
      const copy = Buffer.from(bytes.subarray(start, end));
      copy.writeBigUInt64LE(bytes.readBigUInt64LE(record!) + span * BigInt(round), record! - start);
      parts.push(copy);
    }
    appendFileSync(target, Buffer.concat(parts));
  }
  return events.length * rounds;
}

/** The 25 stable rules many times over, each copy with a name and a condition of its own. */
function manyRules(stable: string, copies: number): string {
  const documents = stable.split(/^(?=- (?:rule|macro|list|required_))/m);
  const rules = documents.filter((text) => text.startsWith("- rule:"));
  const rest = documents.filter((text) => !text.startsWith("- rule:"));
  const clones = Array.from({ length: copies }, (_, i) =>
    rules.map((text) =>
      text
        .replace(/^- rule: (.*)$/m, `- rule: $1 ${i}`)
        .replace(/^ {2}condition: >[-+]?\n((?: {4}.*\n|\s*\n)+)/m, (_all, body: string) => {
          return `  condition: >\n    (${body.trim()})\n    and not proc.name = none${i}\n`;
        }),
    ),
  );
  return [...rest, ...clones.flat()].join("");
}

interface Cost {
  readonly cpuNs: number;
  readonly peakMb: number;
}

/** The least CPU of all rounds, and the highest peak. */
async function least(...run: Parameters<typeof replay>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < ROUNDS; i++) costs.push(await replay(...run));
  return {
    cpuNs: Math.min(...costs.map(({ cpuNs }) => cpuNs)),
    peakMb: Math.max(...costs.map(({ peakMb }) => peakMb)),
  };
}

async function replay(capture: string, rules: readonly string[], options: readonly string[]): Promise<Cost> {
  const child = Bun.spawn(
    [
      BINARY,
      ...rules.flatMap((file) => ["-r", file]),
      ...[
        "engine.kind=replay",
        `engine.replay.capture_file=${capture}`,
        "syslog_output.enabled=false",
        ...options,
      ].flatMap((option) => ["-o", option]),
    ],
    { stdout: "ignore", stderr: "pipe" },
  );
  const stderr = new Response(child.stderr).text();
  // Of the resources that a wait returns, the peak is at least what the process that started it had, which is more.
  let peakKb = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peakKb = Math.max(peakKb, residentPeakKb(child.pid));
    await Bun.sleep(POLL_MS);
  }
  if (child.exitCode !== 0) throw new Error(`replay failed: ${await stderr}`);
  return { cpuNs: Number(child.resourceUsage()!.cpuTime.total) * 1000, peakMb: (peakKb * 1024) / 1e6 };
}

/** The most that was resident of a process; 0 when it has ended. */
function residentPeakKb(pid: number): number {
  try {
    return memoryKb(pid, "VmHWM");
  } catch {
    return 0;
  }
}

export async function run(): Promise<readonly BenchRow[] | string> {
  if (!existsSync(BINARY)) return "there is no dist/falco: npm run build";
  if (!existsSync(CONFORMANCE)) return `there is no ${CONFORMANCE}: set FALCO_CONFORMANCE`;
  const folder = mkdtempSync(join(tmpdir(), "falco-bench-"));
  try {
    const mix = join(CONFORMANCE, "bench/mix.scap");
    const once = join(folder, "once.scap");
    const many = join(folder, "many.scap");
    const fewEvents = repeat(mix, once, 1);
    const third = join(folder, "third.scap");
    const rounds = Math.ceil(EVENTS / 3 / fewEvents);
    const thirdEvents = repeat(mix, third, rounds);
    const events = repeat(mix, many, 3 * rounds);
    const none = join(folder, "none.yaml");
    writeFileSync(
      none,
      "- rule: none\n  desc: none\n  condition: evt.type = openat2 and proc.name = none\n  output: none\n  priority: DEBUG\n  enabled: false\n",
    );
    const thousand = join(folder, "thousand.yaml");
    writeFileSync(thousand, manyRules(readFileSync(PUBLIC[0]!, "utf8"), COPIES));
    const all = ["rules[0].enable.rule=*"];
    const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ["no rule", [none], []],
      ["stable (25)", [PUBLIC[0]!], []],
      ["all three (93)", PUBLIC, all],
      ["1,000 rules", [thousand], []],
    ];
    const rows: BenchRow[] = [];
    for (const [label, rules, options] of cases) {
      const few = await least(once, rules, options);
      const early = await least(third, rules, options);
      const full = await least(many, rules, options);
      rows.push({
        rules: label,
        "ns CPU/event": (full.cpuNs - few.cpuNs) / (events - fewEvents),
        "of the first third": (early.cpuNs - few.cpuNs) / (thirdEvents - fewEvents),
        "of the others": (full.cpuNs - early.cpuNs) / (events - thirdEvents),
        "start ms CPU": few.cpuNs / 1e6,
        "peak MB": Math.max(early.peakMb, full.peakMb),
        events,
      });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
