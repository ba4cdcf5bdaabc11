import { expect, test } from "bun:test";
import { Simulation } from "../../tests/harness/simulate.ts";
import type { Context } from "../fields/field.ts";
import { loadRuleset, type Ruleset } from "./ruleset.ts";

const RULES = `
- rule: opens
  desc: d
  condition: evt.type = openat and proc.name = cat and fd.name endswith shadow
  output: x
  priority: INFO
- rule: connects
  desc: d
  condition: evt.type = connect
  output: x
  priority: INFO
- rule: opens and more
  desc: d
  condition: evt.type in (openat, unlink) and proc.args contains x
  output: x
  priority: INFO
`;

function rulesetOf(costs: boolean): Ruleset {
  const { ruleset } = loadRuleset({
    files: [{ name: "rules.yaml", content: RULES }],
    selections: [],
    priority: "Debug",
    firstOnly: false,
    additions: [],
    staticFields: {},
    sources: ["syscall"],
    costs,
  });
  if (!ruleset) throw new Error("the rules do not load");
  return ruleset;
}

test("a ruleset measures the rules that an event concerns on one event in 256, and changes no match", () => {
  const [plain, measuring] = [rulesetOf(false), rulesetOf(true)];
  const simulation = new Simulation();
  simulation.process(100, "cat");
  const context: Context = { event: simulation.event, state: simulation.state };
  const counts = [0, 0];
  for (let i = 0; i < 1024; i++) {
    simulation.see("SYSCALL_OPENAT_2_X", 100, { fd: 3, name: i % 2 ? "/etc/shadow" : "/etc/motd" });
    plain.match(context, () => counts[0]!++);
    measuring.match(context, () => counts[1]!++);
    simulation.state.settle();
  }
  expect(counts).toEqual([512, 512]);
  expect(plain.costs).toBeUndefined();
  const costs = measuring.costs?.result ?? [];
  expect(costs.map(({ rule, source, evaluations }) => [rule, source, evaluations])).toEqual([
    ["opens", "syscall", 1024],
    ["opens and more", "syscall", 1024],
  ]);
  for (const { seconds } of costs) {
    expect(Number.isFinite(seconds)).toBe(true);
    expect(seconds).toBeGreaterThanOrEqual(0);
  }
});
