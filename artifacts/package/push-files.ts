import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FalcoError } from "../../core/errors.ts";
import type { Log } from "../log.ts";
import type { Descriptor, Platform } from "../oci/manifest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { defaultTag, isTag, type Reference } from "../oci/reference.ts";
import type { Target } from "../oci/target.ts";
import { type ArtifactConfig, parseDependency, parseRequirement } from "./artifact-config.ts";
import { type ArtifactType, parseArtifactType } from "./artifact-type.ts";
import { isTarGz, type PackedLayer, packLayer } from "./pack.ts";
import { pushArtifact } from "./push-artifact.ts";
import { type RulesNeeds, rulesNeeds } from "./rules-needs.ts";
import { floatingTags, parseStrictVersion } from "./version.ts";

/** An artifact to publish, as the command line describes it. */
export interface PushRequest {
  readonly type: string | undefined;
  readonly version: string | undefined;
  /** Defaults to the last part of the repository. */
  readonly name?: string | undefined;
  readonly platforms: readonly string[];
  readonly dependencies: readonly string[];
  readonly requirements: readonly string[];
  readonly tags: readonly string[];
  readonly floatingTags: boolean;
  readonly source?: string | undefined;
}

export interface PushTools {
  readonly log: Log;
  readonly onProgress?: (title: string, done: number, size: number) => void;
}

/** Packs files and pushes them as one artifact. What a rules file needs is read from it unless the request says it. */
export async function pushFiles(
  target: Target,
  reference: Reference,
  files: readonly string[],
  request: PushRequest,
  tools: PushTools,
): Promise<Descriptor> {
  const type = parseArtifactType(required(request.type, "--type"));
  const version = parseStrictVersion(required(request.version, "--version")).raw;
  if (reference.digest)
    throw new FalcoError("USAGE", "Cannot push to a digest: the content decides it", { hint: "give a tag" });
  const platforms = platformsOf(type, files, request.platforms);
  const tags = tagsOf(reference, request);
  const needs = await needsOf(type, files, request, tools.log);
  const name = request.name ?? reference.repository.split("/").at(-1)!;
  const config: ArtifactConfig = { name, version, ...needs };
  const workDir = await mkdtemp(join(tmpdir(), "falco-push-"));
  try {
    const layers: { layer: PackedLayer; platform?: Platform }[] = [];
    for (const [i, file] of files.entries()) {
      // Each in a directory of its own: files of several platforms often share one name.
      const layer = await packLayer(file, await mkdtemp(join(workDir, "layer-")));
      layers.push({ layer, ...(platforms[i] && { platform: platforms[i] }) });
    }
    const { source } = request;
    const { onProgress } = tools;
    return await pushArtifact(target, {
      type,
      config,
      layers,
      tags,
      ...(source && { source }),
      ...(onProgress && { onProgress }),
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function required(value: string | undefined, flag: string): string {
  if (value) return value;
  throw new FalcoError("USAGE", `Cannot push an artifact: ${flag} is missing`);
}

function platformsOf(type: ArtifactType, files: readonly string[], given: readonly string[]): Platform[] {
  if (given.length === 0) return [];
  if (type !== "plugin")
    throw new FalcoError("USAGE", `Cannot push a ${type} for a platform: only plugins have platforms`);
  if (given.length !== files.length) {
    throw new FalcoError(
      "USAGE",
      `Cannot match ${given.length} platforms with ${files.length} files: give one per file, in their order`,
    );
  }
  return given.map(parsePlatform);
}

function tagsOf({ tag }: Reference, request: PushRequest): string[] {
  const extra = [...request.tags, ...(request.floatingTags ? floatingTags(request.version ?? "") : [])];
  const wrong = extra.find((text) => !isTag(text));
  if (wrong !== undefined) throw new FalcoError("USAGE", `Cannot use tag "${wrong}": not a tag`);
  if (tag) return [tag, ...extra];
  return extra.length > 0 ? extra : [defaultTag];
}

async function needsOf(
  type: ArtifactType,
  files: readonly string[],
  request: PushRequest,
  log: Log,
): Promise<RulesNeeds> {
  const own = {
    dependencies: request.dependencies.map(parseDependency),
    requirements: request.requirements.map(parseRequirement),
  };
  const [file] = files;
  if (type !== "rulesfile" || file === undefined || !(await stat(file).catch(() => undefined))?.isFile())
    return own;
  if (await isTarGz(file)) return own;
  const { parseYaml } = await import("../files/parse-yaml.ts");
  const found = rulesNeeds(parseYaml(await readFile(file, "utf8"), file, "ARTIFACT_CONFIG"), file);
  if (own.requirements.length === 0 && found.requirements.length === 0) {
    log("warn", "The rules file names no required_engine_version, and no --requires is given", { file });
  }
  return {
    dependencies: own.dependencies.length > 0 ? own.dependencies : found.dependencies,
    requirements: own.requirements.length > 0 ? own.requirements : found.requirements,
  };
}
