import { expect, test } from "bun:test";
import type { Alert } from "../outputs/alert.ts";
import { clockText } from "../time-text.ts";
import { IdleWatch, TIMEOUT_NS } from "./idle-watch.ts";

const NOW = 1_795_217_939_512_149_239n;

function watch() {
  const alerts: Alert[] = [];
  return {
    alerts,
    idle: new IdleWatch({ maxConsecutives: 3, hostname: "h", alert: (alert) => alerts.push(alert) }),
  };
}

test("IdleWatch raises one alert when silence lasts longer than allowed, and starts over", () => {
  const { alerts, idle } = watch();
  for (let i = 0n; i <= 3n; i++) idle.waited(0, NOW + i * TIMEOUT_NS);
  expect(alerts).toEqual([]);
  for (let i = 4n; i <= 7n; i++) idle.waited(0, NOW + i * TIMEOUT_NS);
  expect(alerts).toMatchObject([
    {
      rule: "Falco internal: timeouts notification",
      message: "Falco internal: timeouts notification. 3 consecutive timeouts without event.",
      fields: { last_event_time: "none" },
    },
  ]);
  idle.waited(0, NOW + 8n * TIMEOUT_NS);
  expect(alerts.length).toBe(2);
});

test("IdleWatch raises one alert for one long wait", () => {
  const { alerts, idle } = watch();
  idle.waited(1, NOW);
  idle.waited(0, NOW + 1000n * TIMEOUT_NS);
  idle.waited(0, NOW + 1001n * TIMEOUT_NS);
  expect(alerts.length).toBe(1);
});

test("IdleWatch starts over with an event and names the time of the last one", () => {
  const { alerts, idle } = watch();
  for (const [i, events] of [0, 0, 0, 5, 0, 0, 0].entries())
    idle.waited(events, NOW + BigInt(i) * TIMEOUT_NS);
  expect(alerts).toEqual([]);
  idle.waited(0, NOW + 7n * TIMEOUT_NS);
  expect(alerts[0]!.fields).toEqual({ last_event_time: clockText(NOW + 3n * TIMEOUT_NS) });
});
