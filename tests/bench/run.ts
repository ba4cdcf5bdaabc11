import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { out, table } from "../../cmd/print.ts";
import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import type { Bench, BenchRow } from "./bench.ts";

interface Result {
  readonly name: string;
  readonly description: string;
  readonly rows?: readonly BenchRow[];
  readonly skipped?: string;
}

/** Loads every `*.bench.ts` beside this file, sorted by name. */
async function discover(): Promise<Bench[]> {
  const files = [...new Bun.Glob("*.bench.ts").scanSync(import.meta.dir)].sort();
  const benches: Bench[] = [];
  for (const file of files) {
    const module: Partial<Bench> = await import(join(import.meta.dir, file));
    const { name, description, run } = module;
    if (!name || !description || !run) {
      throw new FalcoError("BENCH", `Cannot use ${file}: it has to export name, description and run`);
    }
    benches.push({ name, description, run });
  }
  return benches;
}

function choose(all: readonly Bench[], names: readonly string[]): readonly Bench[] {
  const known = all.map((bench) => bench.name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new FalcoError("USAGE", `Cannot measure "${name}": there is no such bench`, {
      hint: near ? `did you mean "${near}"?` : `use one of ${known.join(", ")}`,
    });
  }
  return names.length === 0 ? all : all.filter((bench) => names.includes(bench.name));
}

function print(result: Result): void {
  out(`\n${result.name}: ${result.description}`);
  if (result.skipped !== undefined) {
    out(`  skipped: ${result.skipped}`);
    return;
  }
  const rows = result.rows ?? [];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  out(
    table(
      columns,
      rows.map((row) => columns.map((column) => cell(row[column]))),
    ),
  );
}

/** Three significant digits are what a repeated run agrees on. */
function cell(value: number | string | undefined): string {
  if (typeof value !== "number") return value ?? "";
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en")
    : String(Number(value.toPrecision(3)));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: "boolean" }, list: { type: "boolean" } },
    allowPositionals: true,
  });
  const all = await discover();
  if (values.list) {
    const lines = all.map((bench) => [bench.name, bench.description]);
    out(table(["name", "measures"], lines));
    return;
  }
  const results: Result[] = [];
  // One after the other: they would measure each other.
  for (const bench of choose(all, positionals)) {
    const outcome = await bench.run();
    const { name, description } = bench;
    const result = {
      name,
      description,
      ...(typeof outcome === "string" ? { skipped: outcome } : { rows: outcome }),
    };
    results.push(result);
    if (!values.json) print(result);
  }
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, bun: Bun.version };
  if (values.json) out(JSON.stringify({ machine, results }, null, 2));
  else out(`\n${machine.cores} × ${machine.cpu}, bun ${machine.bun}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof FalcoError ? error.format() : error);
  process.exit(1);
}
