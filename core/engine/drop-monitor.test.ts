import { expect, test } from "bun:test";
import type { Alert } from "../outputs/alert.ts";
import { DropMonitor, type DropOptions } from "./drop-monitor.ts";

const OPTIONS: DropOptions = {
  threshold: 0.1,
  actions: ["log", "alert"],
  rate: 0.001,
  max_burst: 1,
  simulate_drops: false,
};

const NOW = 1_795_217_939_512_149_239n;

function monitor(options: Partial<DropOptions> = {}) {
  const alerts: Alert[] = [];
  const log: string[] = [];
  let exits = 0;
  const drops = new DropMonitor(
    { ...OPTIONS, ...options },
    {
      hostname: "h",
      alert: (a) => alerts.push(a),
      log: (level, text) => log.push(`${level}: ${text}`),
      exit: () => exits++,
    },
  );
  return { drops, alerts, log, exits: () => exits };
}

test("DropMonitor does nothing below the threshold, and acts above it", () => {
  const { drops, alerts } = monitor();
  drops.look({ seen: 1000, drops: { n_drops_buffer_total: 50, n_drops_buffer_open_exit: 50 } }, NOW);
  expect(alerts).toEqual([]);
  drops.look({ seen: 2000, drops: { n_drops_buffer_total: 250, n_drops_buffer_open_exit: 250 } }, NOW);
  expect(alerts[0]).toMatchObject({
    rule: "Falco internal: syscall event drop",
    message: "Falco internal: syscall event drop. 200 system calls dropped in last second.",
    priority: "Debug",
    time: NOW,
    fields: {
      n_drops: "200",
      n_evts: "1000",
      n_drops_buffer_open_exit: "200",
      n_drops_buffer_close_exit: "0",
    },
  });
  expect(drops.occurrences).toBe(1);
});

test("DropMonitor counts what the rate limit keeps it from doing", () => {
  const { drops, alerts } = monitor();
  for (let i = 1; i <= 3; i++) drops.look({ seen: i * 100, drops: { n_drops_scratch_map: i * 90 } }, NOW);
  expect({ occurrences: drops.occurrences, taken: drops.actionsTaken, alerts: alerts.length }).toEqual({
    occurrences: 3,
    taken: 1,
    alerts: 1,
  });
});

test("DropMonitor ends the program when told to", () => {
  const { drops, exits, log } = monitor({ actions: ["exit"] });
  drops.look({ seen: 10, drops: { n_drops_bug: 10 } }, NOW);
  expect(exits()).toBe(1);
  expect(log).toContain("critical: Exiting.");
});

test("DropMonitor simulates losses whatever the threshold", () => {
  const { drops, alerts } = monitor({ simulate_drops: true, threshold: 1 });
  drops.look({ seen: 5, drops: {} }, NOW);
  expect(alerts.length).toBe(1);
});

test("DropMonitor adds up what full buffers lost where the source does not", () => {
  const { drops, alerts } = monitor();
  drops.look(
    { seen: 10, drops: { n_drops_buffer_open_exit: 3, n_drops_buffer_proc_exit: 4, n_drops_bug: 1 } },
    NOW,
  );
  expect(alerts[0]!.fields).toMatchObject({ n_drops: "8", n_drops_buffer_total: "7" });
});
