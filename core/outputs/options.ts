import type { Config } from "../config/schema.ts";
import type { LogLevel } from "../log.ts";
import type { Output } from "./output.ts";

/** The keys of the configuration that outputs read. */
export type OutputsOptions = Pick<
  Config,
  | "json_output"
  | "json_include_output_property"
  | "json_include_message_property"
  | "json_include_output_fields_property"
  | "json_include_tags_property"
  | "time_format_iso_8601"
  | "buffered_outputs"
  | "outputs_queue"
  | "output_timeout"
  | "stdout_output"
  | "file_output"
  | "syslog_output"
  | "program_output"
  | "http_output"
  | "nats_output"
  | "fluentd_output"
  | "grpc_output"
>;

export interface OutputsDeps {
  readonly log: (level: LogLevel, message: string) => void;
  /** Descriptor that the stdout output writes to, where standard output is not ours. */
  readonly stdout?: number;
  /** The gRPC server's subscribers, if there is such a server. */
  readonly grpc?: Output;
  /** Called once when `outputs_queue.recovery` is `exit` and a queue is full. */
  readonly onFatal?: (reason: string) => void;
}
