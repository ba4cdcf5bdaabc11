import { SyslogSocket } from "../syslog.ts";
import { PRIORITIES } from "./alert.ts";
import type { Output } from "./output.ts";

const LONGEST_PAUSE_MS = 50;
/** A daemon that restarts is back within this time; after it the alerts at hand are lost. */
const PATIENCE_MS = 1000;

/** Alerts to the local syslog daemon, each with its own severity. */
export function syslogOutput(path = "/dev/log"): Output {
  const socket = new SyslogSocket(path);
  let closed = false;
  return {
    name: "syslog",
    batch: 128,
    async write(messages) {
      for (const [delivered, { alert, text }] of messages.entries()) {
        const severity = PRIORITIES.indexOf(alert.priority);
        let pause = 1;
        let failing: number | undefined;
        for (;;) {
          try {
            if (socket.send(severity, text)) break;
          } catch (error) {
            failing ??= performance.now();
            if (performance.now() - failing > PATIENCE_MS || isMissing(error)) return { delivered, error };
          }
          if (closed) return { delivered, error: new Error("the daemon did not take it in time") };
          await Bun.sleep(pause);
          pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
        }
      }
      return { delivered: messages.length };
    },
    async close() {
      closed = true;
      socket.close();
    },
  };
}

/** No socket at all: there is no daemon to wait for. */
const isMissing = (error: unknown): boolean => /ENOENT|at most/.test(String(error));
