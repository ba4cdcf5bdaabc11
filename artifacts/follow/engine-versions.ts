import { readFile } from "node:fs/promises";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { readBody } from "../oci/body.ts";
import { httpDefaults, send } from "../oci/http.ts";
import { sleep } from "../oci/retry.ts";
import type { ArtifactConfig } from "../package/artifact-config.ts";
import { readVersion } from "../package/version.ts";

/** What a running engine says of itself: `engine_version_semver`, `plugin_api_version` and others, as texts. */
export type EngineVersions = Readonly<Record<string, string>>;

const limit = 1 << 20;
const pauseMs = 1000;

/** Asks the engine's versions endpoint, or reads a file with the same JSON; tries until `timeoutMs` have passed. */
export async function fetchVersions(
  source: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<EngineVersions> {
  for (const start = Date.now(); ; ) {
    try {
      return readVersions(await read(source, signal));
    } catch (error) {
      if (signal?.aborted) throw error;
      if (Date.now() - start + pauseMs > timeoutMs) {
        throw new FalcoError(
          "FOLLOW",
          `Cannot learn the engine's versions from ${source}: ${reasonOf(error)}`,
          {
            hint: "is falco running, with its web server enabled?",
            cause: error,
          },
        );
      }
    }
    await sleep(pauseMs, signal);
  }
}

async function read(source: string, signal: AbortSignal | undefined): Promise<string> {
  if (!/^https?:\/\//.test(source)) return readFile(source.replace(/^file:\/\//, ""), "utf8");
  // The endpoint is the user's choice and usually on this machine: http there is as deliberate as a flag.
  const options = {
    ...httpDefaults,
    plainHttp: true,
    attempts: 1,
    headersMs: 10_000,
    ...(signal && { signal }),
  };
  const response = await send({ method: "GET", url: new URL(source) }, options);
  const body = await readBody(response, limit, options.stallMs, source);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new TextDecoder().decode(body);
}

function readVersions(text: string): EngineVersions {
  const json: unknown = JSON.parse(text);
  if (typeof json !== "object" || json === null) throw new Error("not a JSON object");
  const scalars = Object.entries(json).filter(
    ([, value]) => typeof value === "string" || typeof value === "number",
  );
  return Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]));
}

/** Throws unless the engine offers all an artifact requires: the same major version, and not an older one. */
export function checkRequirements(
  { name, version, requirements }: ArtifactConfig,
  versions: EngineVersions,
): void {
  for (const { name: key, version: needed } of requirements) {
    const why = shortfall(needed, versions[key]);
    if (why === undefined) continue;
    throw new FalcoError(
      "FOLLOW",
      `Cannot use ${name} ${version}: it requires ${key} ${needed}, and ${why}`,
      {
        hint: "upgrade falco, or follow an older series of the artifact",
      },
    );
  }
}

/** Why what the engine offers is not what is needed; undefined when it is. */
function shortfall(needed: string, offered: string | undefined): string | undefined {
  if (offered === undefined) return "the running engine does not say it has that";
  // Bare numbers, as the engine's version once was, only grow.
  if (/^\d{1,9}$/.test(needed) && /^\d{1,9}$/.test(offered)) {
    return Number(offered) < Number(needed) ? `the running engine has ${offered}` : undefined;
  }
  const [want, have] = [readVersion(needed), readVersion(offered)];
  if (!want || !have) return `the running engine's "${offered}" cannot be compared with it`;
  return have.major !== want.major || have.compare(want) < 0
    ? `the running engine has ${offered}`
    : undefined;
}
