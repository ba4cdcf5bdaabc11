import { expect, test } from "bun:test";
import type { Alert } from "../outputs/alert.ts";
import { AlertSender, alertsTaken, progressBuffer } from "./handover.ts";

const alert = (rule: string): Alert => ({ rule }) as Alert;

/** A sender, the rules of the alerts it has posted by message, and the counts of both sides. */
function sender(options: { waits: boolean; gathers: boolean }) {
  const posted: string[][] = [];
  const progress = progressBuffer();
  const made = new AlertSender(progress, options, (alerts) => posted.push(alerts.map(({ rule }) => rule)));
  return { made, posted, progress };
}

test("AlertSender hands over at once what somebody waits for", () => {
  const { made, posted } = sender({ waits: false, gathers: false });
  made.flush(false);
  made.add(alert("a"));
  made.flush(false);
  made.add(alert("b"));
  made.flush(false);
  expect(posted).toEqual([["a"], ["b"]]);
});

test("AlertSender lets alerts of a replay gather, and keeps their order", () => {
  const { made, posted } = sender({ waits: true, gathers: true });
  made.add(alert("a"));
  made.flush(false);
  made.add(alert("b"));
  expect(posted).toEqual([]);
  made.flush();
  expect(posted).toEqual([["a", "b"]]);
  // Many do not wait.
  for (let i = 0; i < 256; i++) made.add(alert(`${i}`));
  made.flush(false);
  expect(posted[1]?.length).toBe(256);
});

test("AlertSender lets go in time of what has gathered", async () => {
  const { made, posted } = sender({ waits: true, gathers: true });
  made.add(alert("a"));
  while (posted.length === 0) {
    made.flush(false);
    await Bun.sleep(1);
  }
  expect(posted).toEqual([["a"]]);
});

test("AlertSender waits in a replay, and drops elsewhere, when the other side is far behind", async () => {
  const live = sender({ waits: false, gathers: false });
  const replay = sender({ waits: true, gathers: true });
  for (let i = 0; i < 50_001; i++) for (const { made } of [live, replay]) made.add(alert("a"));
  expect(live.made.flush()).toBeUndefined();
  expect(live.made.dropped).toBe(1);
  const waiting = replay.made.flush();
  expect(waiting).toBeInstanceOf(Promise);
  alertsTaken(replay.progress, 50_001);
  await waiting;
  expect(replay.made.dropped).toBe(0);
});
