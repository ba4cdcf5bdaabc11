import { credentialSource } from "./auth/find-credential.ts";
import { IndexCache } from "./index/index-cache.ts";
import { type Log, type LogFormat, type LogLevel, makeLog } from "./log.ts";
import type { RegistryOptions } from "./oci/registry-client.ts";
import { makeProgress, type Progress } from "./progress.ts";
import { defaultConfigPath, readConfigFile } from "./settings/config-file.ts";
import type { Settings } from "./settings/keys.ts";
import { resolveSettings, type Sources } from "./settings/resolve.ts";

/** What every index, registry and artifact command works with. */
export interface Context {
  readonly settings: Settings;
  readonly configPath: string;
  readonly log: Log;
  readonly progress: Progress;
  readonly registry: RegistryOptions;
  readonly indexes: IndexCache;
}

/** Reads the configuration named by `--config` and joins it with flags and environment. */
export async function openContext(flags: Sources["flags"]): Promise<Context> {
  const text = (name: string): string | undefined =>
    typeof flags[name] === "string" ? flags[name] : undefined;
  const configPath = text("config") ?? defaultConfigPath;
  const settings = resolveSettings({ flags, env: process.env, file: await readConfigFile(configPath) });
  const terminal = process.stderr.isTTY === true;
  const plain = !terminal || process.env["NO_COLOR"] || flags["disable-styling"] === true;
  const format = (text("log-format") ?? (plain ? "text" : "color")) as LogFormat;
  const level = (text("log-level") ?? (flags["verbose"] === true ? "debug" : "info")) as LogLevel;
  const progress = makeProgress(terminal ? (line) => process.stderr.write(line) : undefined);
  const log = makeLog((line) => process.stderr.write(`${progress.clear()}${line}\n`), level, format);
  const credentials = credentialSource(settings);
  const onRetry = (why: string): void => log("debug", `Trying again: ${why}`);
  return {
    settings,
    configPath,
    log,
    progress,
    registry: { plainHttp: flags["plain-http"] === true, credentials, onRetry },
    indexes: new IndexCache({ settings, configPath, log, credentials, http: { onRetry } }),
  };
}
