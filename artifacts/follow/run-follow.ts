import { FalcoError, reasonOf } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import type { Context } from "../context.ts";
import { chosenRefs } from "../install/chosen-refs.ts";
import { followInstallOptions } from "../install/install-options.ts";
import { openCatalog } from "../install/open-catalog.ts";
import { parseDuration } from "../settings/duration.ts";
import { fetchVersions } from "./engine-versions.ts";
import { followArtifacts, type StartupBehavior, startupBehaviors } from "./follow-artifacts.ts";
import { signalReload } from "./reload.ts";
import { scheduleOf } from "./schedule.ts";

const defaultTimeout = "2m";

/** Follows what is named or configured until SIGINT or SIGTERM. Throws when the start fails; later faults are logged. */
export async function runFollow(
  context: Context,
  given: readonly string[],
  timeout: string | undefined,
): Promise<void> {
  const { indexes, log, settings } = context;
  const refs = chosenRefs(given, settings.followRefs, "follow");
  const startup = parseStartup(settings.followStartupBehavior);
  const schedule = scheduleOf(settings);
  const timeoutMs = parseDuration(timeout ?? defaultTimeout);
  if (timeoutMs === undefined)
    throw new FalcoError("USAGE", `Cannot use --timeout ${timeout}: not a duration such as 30s`);
  const stop = new AbortController();
  const end = (): void => stop.abort(new Error("stopped"));
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  const { signal } = stop;
  try {
    let versions = await fetchVersions(settings.followFalcoVersions, timeoutMs, signal);
    const catalog = await openCatalog(indexes, refs, log);
    for (const ref of refs) catalog.locate(ref);
    log("info", "Following", {
      artifacts: refs.join(", "),
      next: new Date(schedule(Date.now())).toISOString(),
    });
    const { followPidFile: pidFile } = settings;
    await followArtifacts({
      refs,
      schedule,
      startup,
      catalog: () => openCatalog(indexes, refs, log),
      install: (current) => {
        const options = followInstallOptions(context, current);
        return { ...options, registry: { ...options.registry, signal } };
      },
      versions: async () => {
        try {
          versions = await fetchVersions(settings.followFalcoVersions, 0, signal);
        } catch (error) {
          log("warn", `Using the versions learnt earlier: ${reasonOf(error)}`);
        }
        return versions;
      },
      ...(pidFile && { reload: () => signalReload(pidFile) }),
      log,
      signal,
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
  log("info", "Stopped following");
}

function parseStartup(text: string): StartupBehavior {
  if ((startupBehaviors as readonly string[]).includes(text)) return text as StartupBehavior;
  const near = nearest(text, startupBehaviors);
  throw new FalcoError("USAGE", `Cannot use startup behavior "${text}": there is none of that name`, {
    hint: near ? `did you mean "${near}"?` : `use one of ${startupBehaviors.join(", ")}`,
  });
}
