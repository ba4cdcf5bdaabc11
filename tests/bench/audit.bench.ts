import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditSettings } from "../../core/capture/audit/audit-settings.ts";
import { AuditSource } from "../../core/capture/audit/audit-source.ts";
import { findPlugin } from "../../core/capture/plugin/find.ts";
import { Engine } from "../../core/engine/engine.ts";
import { loadRuleset, type Ruleset } from "../../core/engine/ruleset.ts";
import { EMBEDDED_AUDIT_RULES } from "../../core/library/rules.ts";
import { State } from "../../core/state/state.ts";
import { type AuditEvent, auditEvent, eventList, podEvent } from "../harness/audit-events.ts";
import type { BenchRow } from "./bench.ts";

const PLUGINS = ["k8saudit", "json"].map((name) => ({ name, config: "", openParams: "" }));
/** Events of a batch, as many as an API server sends at once. */
const BATCH = 400;
const ROUNDS = Number(process.env.FALCO_BENCH_AUDIT_ROUNDS ?? 100);

export const name = "audit";
export const description =
  "CPU of audit events of Kubernetes that no rule matches, with the rules on board, from bytes to verdict";

const containers = Array.from({ length: 3 }, (_, i) => ({
  name: `c${i}`,
  image: `registry.example.com/shop/part${i}:1.${i}`,
  env: Array.from({ length: 10 }, (_, j) => ({
    name: `VARIABLE_${j}`,
    value: "some value of this variable",
  })),
  resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "100m", memory: "128Mi" } },
}));

/** Short events, as of a cluster that watches itself; with request and response of a pod where they are wanted. */
const KINDS: Readonly<Record<string, (i: number) => AuditEvent>> = {
  "who did what": (i) =>
    auditEvent({
      auditID: `id-${i}`,
      verb: "get",
      user: { username: "system:node:n1", groups: ["system:nodes"] },
    }),
  "pods created": (i) =>
    podEvent({ containers, volumes: [{ name: "v", emptyDir: {} }] }, { auditID: `id-${i}` }),
};

function rules(): Ruleset {
  const fields = PLUGINS.flatMap((plugin) => findPlugin(plugin).fields);
  const { ruleset } = loadRuleset(
    {
      files: [EMBEDDED_AUDIT_RULES],
      selections: [],
      priority: "Debug",
      firstOnly: false,
      additions: [],
      staticFields: {},
      sources: ["syscall", "k8s_audit"],
      plugins: PLUGINS,
    },
    { fields },
  );
  if (!ruleset) throw new Error("the rules on board do not load");
  return ruleset;
}

export async function run(): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), "falco-bench-"));
  const rows: BenchRow[] = [];
  try {
    for (const [kind, make] of Object.entries(KINDS)) {
      const file = join(directory, "audit.log");
      const batch = eventList(...Array.from({ length: BATCH }, (_, i) => make(i)));
      writeFileSync(file, `${batch}\n`.repeat(ROUNDS));
      rows.push({ events: kind, "bytes/event": Math.round(batch.length / BATCH), ...(await measure(file)) });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return rows;
}

async function measure(file: string): Promise<BenchRow> {
  const state = new State();
  state.sourceName = "k8s_audit";
  let matched = 0;
  const engine = new Engine(state, rules(), () => matched++);
  const source = new AuditSource(1, file, auditSettings(""), () => {});
  source.open();
  const before = process.cpuUsage();
  while ((await source.pump(engine, 100)) >= 0);
  const { user, system } = process.cpuUsage(before);
  source.close();
  const micros = (user + system) / engine.events;
  return { "µs/event": micros, "events/s of a core": Math.round(1e6 / micros), matched };
}
