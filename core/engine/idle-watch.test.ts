import { expect, test } from "bun:test";
import type { Alert } from "../outputs/alert.ts";
import { clockText } from "../time-text.ts";
import { IdleWatch } from "./idle-watch.ts";

const NOW = 1_795_217_939_512_149_239n;

function watch() {
  const alerts: Alert[] = [];
  return {
    alerts,
    idle: new IdleWatch({ maxConsecutives: 3, hostname: "h", alert: (alert) => alerts.push(alert) }),
  };
}

test("IdleWatch raises one alert when more waits than allowed stay empty, and starts over", () => {
  const { alerts, idle } = watch();
  for (let i = 0; i < 7; i++) idle.waited(0, NOW);
  expect(alerts).toMatchObject([
    {
      rule: "Falco internal: timeouts notification",
      message: "Falco internal: timeouts notification. 3 consecutive timeouts without event.",
      fields: { last_event_time: "none" },
    },
  ]);
  idle.waited(0, NOW);
  expect(alerts.length).toBe(2);
});

test("IdleWatch starts over with an event and names the time of the last one", () => {
  const { alerts, idle } = watch();
  for (const events of [0, 0, 0, 5, 0, 0, 0]) idle.waited(events, NOW);
  expect(alerts).toEqual([]);
  idle.waited(0, NOW + 1n);
  expect(alerts[0]!.fields).toEqual({ last_event_time: clockText(NOW) });
});
