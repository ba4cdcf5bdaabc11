import { writeReady } from "./ffi/ready-writer.ts";

export const LOG_LEVELS = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Severities of the capture and state layers, as `libs_logger.severity` names them. */
export const LIBS_LEVELS = [
  "fatal",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
  "trace",
] as const;
export type LibsLevel = (typeof LIBS_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly stderr: boolean;
  readonly syslog: boolean;
  readonly iso8601: boolean;
  readonly format: "text" | "json";
  readonly libs: { readonly enabled: boolean; readonly severity: LibsLevel };
}

/** What takes log lines besides standard error; core/outputs/syslog-socket.ts is one. */
export interface SyslogSink {
  /** Severity is syslog's number, 0 to 7. Never waits; loses what cannot be sent now. */
  send(severity: number, text: string): void;
}

/** The program's log. Lines of a level less severe than the configured one go nowhere. */
export interface Log {
  log(level: LogLevel, message: string): void;
  /** A line of the capture and state layers: prefixed `[libs]: ` and chosen by their own severity alone. */
  libs(level: LibsLevel, message: string): void;
  configure(options: LogOptions): void;
  /** Lines that standard error did not take. */
  readonly lost: number;
}

/** Bytes kept for a standard error that is full at the moment; beyond them lines are lost. */
const MAX_PENDING = 256 << 10;
const RETRY_MS = 50;

export function createLog(
  initial: LogOptions,
  { fd = 2, syslog, now = () => new Date() }: { fd?: number; syslog?: SyslogSink; now?: () => Date } = {},
): Log {
  let options = initial;
  let lost = 0;
  let pending: Uint8Array = new Uint8Array();
  let broken = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const flush = (): void => {
    try {
      pending = pending.subarray(writeReady(fd, pending));
    } catch {
      // Nobody reads standard error any more, and there is no other place to say so.
      broken = true;
      pending = new Uint8Array();
    }
    if (pending.length > 0 && !timer) {
      timer = setTimeout(() => {
        timer = undefined;
        flush();
      }, RETRY_MS);
      timer.unref();
    }
  };
  const toStderr = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`);
    if (broken || pending.length + bytes.length > MAX_PENDING) {
      lost++;
      return;
    }
    pending = pending.length > 0 ? Buffer.concat([pending, bytes]) : bytes;
    flush();
  };
  const emit = (level: LogLevel, message: string): void => {
    const text = message.replace(/\n+$/, "");
    if (options.syslog) syslog?.send(LOG_LEVELS.indexOf(level), text);
    if (options.stderr) toStderr(formatLogLine(level, text, now(), options));
  };

  return {
    log(level, message) {
      if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(options.level)) emit(level, message);
    },
    libs(level, message) {
      const { enabled, severity } = options.libs;
      if (!enabled || LIBS_LEVELS.indexOf(level) > LIBS_LEVELS.indexOf(severity)) return;
      emit(level === "fatal" ? "emergency" : level === "trace" ? "debug" : level, `[libs]: ${message}`);
    },
    configure(next) {
      options = next;
    },
    get lost() {
      return lost;
    },
  };
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** `Sat Nov 21 01:07:46 2026: TEXT` (local), `2026-11-21T01:07:46+0000: TEXT`, or a JSON object. */
export function formatLogLine(
  level: LogLevel,
  text: string,
  time: Date,
  { iso8601, format }: Pick<LogOptions, "iso8601" | "format">,
): string {
  if (format === "json") return JSON.stringify({ level, message: text, time: time.toISOString() });
  if (iso8601) return `${time.toISOString().slice(0, 19)}+0000: ${text}`;
  const date = `${DAYS[time.getDay()]} ${MONTHS[time.getMonth()]} ${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock} ${time.getFullYear()}: ${text}`;
}
