import { expect, test } from "bun:test";
import { localImports, sourceFiles } from "./source-files.ts";

/**
 * How high a part stands. A file may import its own part and lower ones; what stands equally high is blind
 * to each other. The longest matching path counts.
 */
const HEIGHTS: Readonly<Record<string, number>> = {
  cmd: 100,
  kilt: 95,
  artifacts: 95,
  "core/run.ts": 90,
  "core/api.ts": 88,
  "core/services.ts": 88,
  "core/start-log.ts": 86,
  "core/self-metrics.ts": 86,
  "core/record.ts": 90,
  "core/settings.ts": 85,
  "core/traced-workload.ts": 85,
  "core/chosen-rules.ts": 85,
  "core/reload.ts": 85,
  "core/plugins.ts": 83,
  "core/event-sources.ts": 83,
  "core/engine": 80,
  "core/server": 70,
  // Counts what all below it do, and is read by the servers.
  "core/metrics": 65,
  "core/outputs": 60,
  "core/rules": 60,
  "core/capture": 60,
  "core/fields": 50,
  "core/state": 41,
  "core/metadata": 40,
  "core/event": 30,
  // Written to from everywhere above, and themselves on top of system calls.
  "core/log.ts": 25,
  "core/syslog.ts": 25,
  "core/schema": 20,
  "core/ffi": 20,
  "core/config": 20,
  "core/library": 10,
  "core/command-line.ts": 0,
  "core/errors.ts": 0,
  "core/nearest.ts": 0,
  "core/time-text.ts": 0,
  "core/versions.ts": 0,
  "core/worker-url.ts": 0,
  proto: 0,
};

/** The vocabulary of the two seams that carry the design: declarations that import nothing, for everybody. */
const SEAMS: readonly string[] = ["core/event/source.ts", "core/outputs/alert.ts"];

const partOf = (path: string): string | undefined =>
  Object.keys(HEIGHTS)
    .filter((part) => path === part || path.startsWith(`${part}/`))
    .sort((a, b) => b.length - a.length)[0];

const product = sourceFiles().filter((file) => !file.test);

test("every file belongs to a part whose height is known", () => {
  expect(product.map((file) => file.path).filter((path) => partOf(path) === undefined)).toEqual([]);
});

test("imports point down", () => {
  const upward = product.flatMap((file) =>
    localImports(file)
      .filter((target) => !SEAMS.includes(target))
      .filter((target) => {
        const [from, to] = [partOf(file.path)!, partOf(target)];
        return to === undefined || (from !== to && HEIGHTS[from]! <= HEIGHTS[to]!);
      })
      .map((target) => `${file.path} imports ${target}`),
  );
  expect(upward).toEqual([]);
});

test("the seams import nothing but each other", () => {
  const files = product.filter((file) => SEAMS.includes(file.path));
  expect(files.map((file) => file.path)).toEqual([...SEAMS]);
  expect(files.flatMap((file) => localImports(file)).filter((target) => !SEAMS.includes(target))).toEqual([]);
});

test("nothing but cmd knows citty", () => {
  const knowing = product.filter((file) => /from "citty"/.test(file.text) && !file.path.startsWith("cmd/"));
  expect(knowing.map((file) => file.path)).toEqual([]);
});

test("no file imports itself through others", () => {
  const graph = new Map(product.map((file) => [file.path, localImports(file, { types: false })]));
  expect(cycles(graph)).toEqual([]);
});

test("workers are started by workerUrl(), which finds them in the compiled binary", () => {
  const starting = product.filter((file) => /new Worker\((?!\s*workerUrl\()/.test(file.text));
  expect(starting.map((file) => file.path)).toEqual([]);
});

test("cycles() finds a cycle and leaves a diamond alone", () => {
  const diamond: [string, string[]][] = [
    ["a", ["b", "c"]],
    ["b", ["d"]],
    ["c", ["d"]],
    ["d", []],
  ];
  expect(cycles(new Map(diamond))).toEqual([]);
  expect(cycles(new Map([...diamond, ["d", ["b"]]]))).toEqual(["b → d → b"]);
});

/** One line for each cycle met on a walk through the graph. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (node: string, trail: readonly string[]): void => {
    const at = trail.indexOf(node);
    if (at >= 0) return void found.push([...trail.slice(at), node].join(" → "));
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return found;
}
