import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { loadConfig } from "../../core/config/load.ts";
import { ConfigWatcher } from "../../core/config/watch.ts";
import { Engine } from "../../core/engine/engine.ts";
import { loadRuleset, type RulesInput } from "../../core/engine/ruleset.ts";
import { EMBEDDED_RULES } from "../../core/library/rules.ts";
import { OutputQueue } from "../../core/outputs/outputs.ts";
import type { RunningRule } from "../../core/rules/load/compiled.ts";
import { rulesInput } from "../../core/settings.ts";
import { State } from "../../core/state/state.ts";
import { Workspace } from "../harness/programs.ts";
import { Simulation } from "../harness/simulate.ts";

const WARM = 4;
const MORE = 12;
/** What the collector may still hold for a register or a stack slot that has the address of it. */
const HELD = 3;
/** Caches that fill up to their limit, and code of functions that have become hot. */
const SOME = 1.1;

/** Objects in use, once the collector has looked at all of them. */
async function objects(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    // References that a turn of the event loop holds go with it.
    await Bun.sleep(1);
    Bun.gc(true);
  }
  return heapStats().objectCount;
}

/** Does it again and again; the objects in use after the first times and after the last. */
async function grown(once: (i: number) => unknown): Promise<{ before: number; after: number }> {
  for (let i = 0; i < WARM; i++) await once(i);
  const before = await objects();
  for (let i = 0; i < MORE; i++) await once(WARM + i);
  return { before, after: await objects() };
}

const input = (version: number): RulesInput =>
  rulesInput(
    loadConfig({ overrides: [], searchPaths: [] }).config,
    [
      {
        name: "rules.yaml",
        content: `${EMBEDDED_RULES.content}
- rule: Versioned
  desc: version ${version}
  condition: evt.type = openat and fd.name startswith /version-${version}/
  output: version ${version} %fd.name
  priority: INFO
`,
      },
    ],
    undefined,
    [],
  );

test(`rules that others have taken the place of are let go, ${MORE} times`, async () => {
  const simulation = new Simulation();
  const old: WeakRef<object>[] = [];
  let alerts = 0;
  const engine = new Engine<RunningRule>(new State(), { match: () => {} }, () => void alerts++);
  const { before, after } = await grown((version) => {
    const { ruleset } = loadRuleset(input(version));
    old.push(new WeakRef(ruleset!));
    engine.use(ruleset!);
    // Often enough for what is hot to be compiled.
    for (let i = 0; i < 300; i++) {
      simulation.see("SYSCALL_OPENAT_2_X", 7, { fd: 3, dirfd: -100, name: `/version-${version}/${i % 7}` });
      const { bytes, view, offset } = simulation.event;
      engine.event(bytes, view, offset, 0);
    }
  });
  const alive = old.filter((ref) => ref.deref() !== undefined).length;
  console.log(
    `${alerts} alerts; objects ${before} -> ${after}; rule sets still there: ${alive} of ${old.length}`,
  );
  expect(alerts).toBe((WARM + MORE) * 300);
  expect(alive).toBeLessThanOrEqual(HELD);
  expect(after).toBeLessThan(before * SOME);
}, 120_000);

test(`configuration, outputs and watches that others have taken the place of are let go, ${MORE} times`, async () => {
  await using space = new Workspace();
  const path = space.file("falco.yaml");
  const load = (version: number) => {
    writeFileSync(
      path,
      `static_fields: {version: "${version}"}\nfile_output: {enabled: true, filename: ${space.file("out")}}\n`,
    );
    return loadConfig({ overrides: [], path });
  };
  const outputs = new OutputQueue(load(0).config, { log: () => {}, onFatal: () => {} });
  const old: WeakRef<object>[] = [];
  let watcher: ConfigWatcher | undefined;
  const { before, after } = await grown(async (version) => {
    const loaded = load(version);
    await outputs.reconfigure(loaded.config);
    watcher?.close();
    watcher = new ConfigWatcher({
      files: [path],
      directories: [space.path],
      onChange: () => {},
      onError: () => {},
    });
    old.push(new WeakRef(loaded), new WeakRef(watcher));
  });
  watcher?.close();
  await outputs.drain(1000);
  const alive = old.filter((ref) => ref.deref() !== undefined).length;
  console.log(`objects ${before} -> ${after}; still there: ${alive} of ${old.length}`);
  expect(alive).toBeLessThanOrEqual(2 * HELD);
  expect(after).toBeLessThan(before * SOME);
}, 120_000);
