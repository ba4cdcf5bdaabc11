import { reasonOf } from "../../core/errors.ts";
import { type Build, buildFor, type Mount } from "../build.ts";
import { recognise } from "../recognise.ts";
import type { ImageConfigLookup, Target } from "../target.ts";
import { ANNOTATIONS, wantedContainers } from "./choice.ts";
import { lend, volumeName } from "./lend.ts";
import { isObject, type JsonObject, objectsIn, type PodTemplate, textsIn } from "./pod.ts";
import type { PodOptions } from "./pod-options.ts";

const OPAQUE = /\ue002(.*?)\ue003/;

export interface PatchedPod {
  /** Names of the containers that were patched. */
  readonly patched: readonly string[];
  /** Containers that were left as they are although they were to be patched, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Patches the containers of a pod template in place. Init containers (sidecars among them) and
 * ephemeral containers stay as they are. A container that is patched already is left alone. Throws a
 * TypeError for a pod that has not the shape of one, a FalcoError for what the definition gets wrong.
 * `only` names the containers that may be patched at all.
 */
export async function patchPod(
  pod: PodTemplate,
  group: string,
  options: PodOptions,
  only?: readonly string[],
): Promise<PatchedPod> {
  const patched: string[] = [];
  const warnings: string[] = [];
  const mounts = new Map<string, Mount>();
  const containers = objectsIn(pod.spec, "containers");
  for (const container of wantedContainers(pod, containers, options.optIn)) {
    const name = String(container.name);
    if (only && !only.includes(name)) continue;
    try {
      const build = await patchContainer(pod, container, group, options);
      if (!build) continue;
      patched.push(name);
      for (const mount of build.mounts) mounts.set(mount.name, mount);
    } catch (error) {
      if (!(error instanceof Left)) throw error;
      warnings.push(`container ${name} is left as it is: ${error.message}`);
    }
  }
  for (const mount of mounts.values()) lend(pod, mount, options);
  if (patched.length > 0) {
    const annotations = isObject(pod.metadata.annotations) ? pod.metadata.annotations : {};
    pod.metadata.annotations = { ...annotations, [ANNOTATIONS.patched]: patched.join(":") };
  }
  return { patched, warnings };
}

/** Why a container is left as it is. */
class Left extends Error {}

async function patchContainer(
  pod: PodTemplate,
  container: JsonObject,
  group: string,
  options: PodOptions,
): Promise<Build | undefined> {
  const { definition } = options;
  const evaluate = options.env ? { env: options.env } : {};
  const given = targetOf(pod, container, group);
  const bare = buildFor(definition, given, evaluate);
  // Mounts first: to recognise a container the definition is evaluated anew, and most have none.
  if (hasMounts(container, bare) && recognise(definition, given, evaluate)) return undefined;
  const target = await withImageConfig(given, options.lookup);
  const build = target === given ? bare : buildFor(definition, target, evaluate);
  const environment = variablesOf(container, given, build);
  if (build.image !== given.image) container.image = build.image;
  if (build.entryPoint.length > 0 || container.command !== undefined)
    container.command = [...build.entryPoint];
  if (build.command.length > 0 || container.args !== undefined) container.args = [...build.command];
  if (environment.length > 0) container.env = environment;
  for (const mount of build.mounts) addVolumeMounts(container, mount);
  return build;
}

function targetOf(pod: PodTemplate, container: JsonObject, group: string): Target {
  const variables = objectsIn(container, "env").map((variable): [string, string] => {
    const name = String(variable.name);
    // Values that only the kubelet knows are placeholders that must come out as they went in.
    return [name, isObject(variable.valueFrom) ? `\ue002${name}\ue003` : String(variable.value ?? "")];
  });
  const labels = isObject(pod.metadata.labels) ? pod.metadata.labels : {};
  return {
    image: String(container.image ?? ""),
    containerName: String(container.name ?? ""),
    containerGroupName: group,
    entryPoint: textsIn(container, "command"),
    command: textsIn(container, "args"),
    environmentVariables: new Map(variables),
    metadata: new Map(Object.entries(labels).map(([key, value]) => [key, String(value)])),
  };
}

/** As the kubelet does: a container that names a command never gets the image's arguments. */
async function withImageConfig(target: Target, lookup: ImageConfigLookup | undefined): Promise<Target> {
  if (target.entryPoint.length > 0) return target;
  const hint = "name its command";
  if (!lookup) throw new Left(`what its image runs is not looked up (${hint})`);
  try {
    const config = await lookup(target.image);
    const command = target.command.length > 0 ? target.command : config.cmd;
    if (config.entrypoint.length + command.length === 0) throw new Error("its image names nothing to run");
    return { ...target, entryPoint: config.entrypoint, command };
  } catch (error) {
    throw new Left(`what its image runs is not known: ${reasonOf(error)} (${hint})`);
  }
}

/** The container's variables with what the definition changed and added; those it left are kept as they are. */
function variablesOf(container: JsonObject, target: Target, build: Build): JsonObject[] {
  const kept = objectsIn(container, "env").map((variable): JsonObject => {
    const value = build.environment.get(String(variable.name));
    if (value === undefined || value === target.environmentVariables.get(String(variable.name)))
      return variable;
    return { name: variable.name!, value };
  });
  const changed = [...build.environment].filter(([name, value]) => {
    const before = target.environmentVariables.get(name);
    return before !== undefined && before !== value;
  });
  const added = [...build.environment].filter(([name]) => !target.environmentVariables.has(name));
  const texts = [
    build.image,
    ...build.entryPoint,
    ...build.command,
    ...[...added, ...changed].map(([, value]) => value),
  ];
  if (texts.some((text) => OPAQUE.test(text))) {
    throw new Left("the definition uses a variable whose value only the kubelet knows (valueFrom)");
  }
  return [...kept, ...added.map(([name, value]): JsonObject => ({ name, value }))];
}

function hasMounts(container: JsonObject, build: Build): boolean {
  const mounted = objectsIn(container, "volumeMounts").map((mount) => mount.name);
  return build.mounts.every((mount) => mounted.includes(volumeName(mount)));
}

function addVolumeMounts(container: JsonObject, mount: Mount): void {
  const name = volumeName(mount);
  const present = objectsIn(container, "volumeMounts");
  const added = mount.volumes
    .filter((path) => !present.some((other) => other.mountPath === path))
    .map(
      (path): JsonObject => ({ name, mountPath: path, subPath: path.replace(/^\/+/, ""), readOnly: true }),
    );
  container.volumeMounts = [...present, ...added];
}
