import { Cron } from "croner";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { sleep } from "../oci/retry.ts";
import { parseDuration } from "../settings/duration.ts";
import type { Settings } from "../settings/keys.ts";

/** When to look next, seen from a time. Milliseconds since the epoch. */
export type Schedule = (now: number) => number;

/** Waits are cut into pieces of a day: timers can't hold more than 24 days. */
const sliceMs = 24 * 3_600_000;

/** The schedule that the settings mean: cron where given, unless a flag says how often. */
export function scheduleOf(settings: Settings): Schedule {
  const { followCron: cron, followEvery: every, sources } = settings;
  const everyByFlag = sources.followEvery === "--every";
  if (everyByFlag && sources.followCron === "--cron") {
    throw new FalcoError("USAGE", "Cannot use both --every and --cron: they exclude each other");
  }
  if (cron && !everyByFlag) return cronSchedule(cron);
  if (every < 1000)
    throw new FalcoError("USAGE", "Cannot look for new versions that often: --every must be 1s or more");
  return (now) => now + every;
}

function cronSchedule(text: string): Schedule {
  const every = /^@every\s+(\S+)$/.exec(text)?.[1];
  const interval = every === undefined ? undefined : parseDuration(every);
  if (interval !== undefined && interval >= 1000) return (now) => now + interval;
  let cron: Cron;
  try {
    cron = new Cron(text, { paused: true });
  } catch (error) {
    throw new FalcoError("USAGE", `Cannot use cron expression "${text}": ${reasonOf(error)}`, {
      hint: 'write, for example, "0 3 * * *" for every night at three',
      cause: error,
    });
  }
  return (now) => {
    const next = cron.nextRun(new Date(now));
    if (next) return next.getTime();
    throw new FalcoError("USAGE", `Cannot use cron expression "${text}": it names no time to come`);
  };
}

export async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - Date.now(); left > 0; left = time - Date.now())
    await sleep(Math.min(left, sliceMs), signal);
}
