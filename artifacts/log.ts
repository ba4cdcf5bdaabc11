/** Levels from the most to the least talkative. */
const logLevels = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
const logFormats = ["text", "color", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** Says what happens while a command works. Values of fields are never secrets. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, string | number>>,
) => void;

/** A log that writes lines of one format, from a level on. */
export function makeLog(write: (line: string) => void, from: LogLevel, format: LogFormat): Log {
  const least = logLevels.indexOf(from);
  return (level, message, fields = {}) => {
    if (logLevels.indexOf(level) < least) return;
    if (format === "json") {
      write(JSON.stringify({ level, msg: message, time: new Date().toISOString(), ...fields }));
      return;
    }
    const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    const label = level.toUpperCase().padEnd(5);
    write(`${format === "color" ? colours[level] + label + "\x1b[0m" : label} ${message}${tail.join("")}`);
  };
}

const colours: Readonly<Record<LogLevel, string>> = {
  trace: "\x1b[90m",
  debug: "\x1b[90m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

/** For callers that want to hear nothing. */
export const silent: Log = () => undefined;
