import { loadConfig } from "./config/load.ts";
import { type RecordOptions, type RecordResult, recordEvents } from "./engine/record.ts";
import { FalcoError } from "./errors.ts";
import { engineStart } from "./settings.ts";

export interface RecordRequest {
  /** `-c` */
  readonly configPath?: string;
  /** Each `-o`, in order. */
  readonly overrides: readonly string[];
  /** A capture to take the events from, instead of the machine. */
  readonly from?: string;
  readonly path: string;
  readonly filter?: string;
  /** Seconds of events. */
  readonly duration?: number;
  /** Size of a file, for example `100M`. */
  readonly maxSize?: string;
  readonly rotate?: number;
  readonly compress: boolean;
}

/** Records until a limit or a signal; composes configuration, source, state and recorder. */
export async function record(request: RecordRequest): Promise<RecordResult> {
  const { config } = loadConfig({
    overrides: [...request.overrides, ...sourceOverrides(request.from)],
    ...(request.configPath === undefined ? {} : { path: request.configPath }),
  });
  const start = engineStart(config);
  if (start.source.kind === "nodriver") {
    throw new FalcoError("RECORD_OPTIONS", "Cannot record: engine.kind is nodriver, so there are no events", {
      hint: "record with engine.kind=modern_ebpf, or from a capture with --from",
    });
  }
  const options: RecordOptions = {
    path: request.path,
    compress: request.compress,
    maxBytes: request.maxSize === undefined ? 0 : byteCount(request.maxSize),
    maxSeconds: request.duration ?? 0,
    rotate: request.rotate ?? 0,
    ...(request.filter === undefined ? {} : { filter: request.filter }),
  };
  let stopping = false;
  const stop = (): void => {
    stopping = true;
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await recordEvents(start, options, () => stopping);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

const sourceOverrides = (from: string | undefined): string[] =>
  from === undefined ? [] : ["engine.kind=replay", `engine.replay.capture_file=${from}`];

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `1500`, `64K`, `100M`, `2G` as bytes. */
export function byteCount(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  const bytes = match ? Number(match[1]) * UNITS[match[2]!.toUpperCase()]! : 0;
  if (bytes > 0) return bytes;
  throw new FalcoError("RECORD_OPTIONS", `Cannot record: "${text}" is not a size`, {
    hint: "give a number of bytes, or of K, M or G: 100M",
  });
}
