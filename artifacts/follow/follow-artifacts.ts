import { existsSync } from "node:fs";
import { join } from "node:path";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import type { Catalog } from "../index/catalog.ts";
import { type InstallOptions, installArtifacts } from "../install/install-artifacts.ts";
import { findInstalled } from "../install/state.ts";
import type { Log } from "../log.ts";
import { formatReference, target } from "../oci/reference.ts";
import { Repository } from "../oci/repository.ts";
import { checkRequirements, type EngineVersions } from "./engine-versions.ts";
import { type Schedule, sleepUntil } from "./schedule.ts";

export const startupBehaviors = ["skip", "jitter", "immediate"] as const;
export type StartupBehavior = (typeof startupBehaviors)[number];

export interface FollowOptions {
  readonly refs: readonly string[];
  readonly schedule: Schedule;
  readonly startup: StartupBehavior;
  /** The indexes as they are now. */
  readonly catalog: () => Promise<Catalog>;
  readonly install: (catalog: Catalog) => InstallOptions;
  /** The running engine's versions as they are now. */
  readonly versions: () => Promise<EngineVersions>;
  /** Makes the engine take up what has changed. */
  readonly reload?: () => Promise<void>;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** First pause after a fault, in milliseconds; it doubles up to the schedule's own. */
  readonly retryMs?: number;
}

const defaultRetryMs = 60_000;

/** Keeps artifacts current, each on its own, until the signal ends it. Faults are logged and tried again later. */
export async function followArtifacts(options: FollowOptions): Promise<void> {
  await Promise.all(options.refs.map((ref) => followOne(ref, options)));
}

async function followOne(ref: string, options: FollowOptions): Promise<void> {
  const { log, schedule, signal, startup } = options;
  const first = schedule(Date.now());
  // Many machines start at the same time; spread over the interval, they don't all ask the registry at once.
  const jitter = Date.now() + Math.random() * (first - Date.now());
  let next = { skip: first, jitter, immediate: 0 }[startup];
  for (let failures = 0; ; ) {
    try {
      await sleepUntil(next, signal);
      await check(ref, options);
      failures = 0;
      next = schedule(Date.now());
    } catch (error) {
      if (signal.aborted) return;
      const hint = error instanceof FalcoError && error.hint ? ` (${error.hint})` : "";
      log("error", reasonOf(error) + hint, { followed: ref });
      const pause = (options.retryMs ?? defaultRetryMs) * 2 ** Math.min(failures++, 20);
      next = Math.min(schedule(Date.now()), Date.now() + pause);
    }
  }
}

/** Looks once whether there is something new, and installs it. */
export async function check(ref: string, options: FollowOptions): Promise<"current" | "installed"> {
  const { log } = options;
  const catalog = await options.catalog();
  const install = options.install(catalog);
  const { reference } = catalog.locate(ref);
  const name = formatReference(reference);
  const digest = await Repository.of(reference, install.registry).resolve(target(reference));
  if (digest === undefined)
    throw new FalcoError("OCI_NOT_FOUND", `Cannot follow ${name}: there is no such tag`);
  if (isInstalled(install.stateDir, name, digest)) {
    log("debug", "Nothing new", { followed: ref, digest });
    return "current";
  }
  log("info", "Found a new version", { followed: ref, digest });
  const versions = await options.versions();
  const results = await installArtifacts([ref], {
    ...install,
    accept: (config) => checkRequirements(config, versions),
  });
  if (results.some(({ changed }) => changed.length > 0)) await options.reload?.();
  return "installed";
}

/** The digest alone is not enough: somebody may have removed the files. */
function isInstalled(stateDir: string, ref: string, digest: string): boolean {
  const record = findInstalled(stateDir, ref);
  if (record?.digest !== digest) return false;
  const { directory, files } = record;
  return !directory || !files || files.every((file) => existsSync(join(directory, file)));
}
