import { fileOutput } from "./file.ts";
import { fluentdOutput } from "./fluentd.ts";
import { httpOutput } from "./http.ts";
import { natsOutput } from "./nats.ts";
import type { OutputsDeps, OutputsOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { programOutput } from "./program.ts";
import { stdoutOutput } from "./stdout.ts";
import { syslogOutput } from "./syslog.ts";

interface Factory {
  readonly name: string;
  readonly own: { readonly priority: string; readonly rate: number; readonly max_burst: number };
  readonly create: () => Output;
}

/** The enabled outputs, in order. */
export function outputFactories(options: OutputsOptions, deps: OutputsDeps): Factory[] {
  const table: (Factory & { readonly enabled: boolean })[] = [];
  const add = <O extends Factory["own"] & { readonly enabled: boolean }>(
    name: string,
    own: O,
    create: (own: O) => Output,
  ): void => void table.push({ name, own, enabled: own.enabled, create: () => create(own) });
  add("file", options.file_output, fileOutput);
  add("stdout", options.stdout_output, () => stdoutOutput(deps.stdout));
  add("syslog", options.syslog_output, () => syslogOutput());
  add("program", options.program_output, programOutput);
  add("http", options.http_output, (own) => httpOutput(own, options.json_output));
  add("nats", options.nats_output, (own) => natsOutput(own));
  add("fluentd", options.fluentd_output, (own) => fluentdOutput(own));
  const { grpc } = deps;
  if (grpc) add("grpc", options.grpc_output, () => grpc);
  return table.filter((factory) => factory.enabled);
}
