import { type Definition, type EvaluateOptions, evaluate } from "./definition.ts";
import type { Resolved, ResolvedObject } from "./hocon/node.ts";
import { hoconError } from "./hocon/source.ts";
import { field, listAt, mapAt, objectAt, textAt, textsAt } from "./read-value.ts";
import type { Target } from "./target.ts";

/** An image that lends folders to the workload. */
export interface Mount {
  readonly name: string;
  readonly image: string;
  readonly volumes: readonly string[];
  readonly entryPoint: readonly string[];
}

/** How a container looks once it is patched. */
export interface Build {
  readonly image: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** The original's variables with the definition's laid over them, the original's first. */
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
}

/**
 * What a definition makes of a container. Reads `build` (the released form) and `deploy` (the first
 * proposal's: entrypoint, environment, mount with volume and entrypoint). Throws a FalcoError with the
 * place of whatever has the wrong shape; an incomplete mount is named by its index.
 */
export function buildFor(definition: Definition, target: Target, options: EvaluateOptions = {}): Build {
  const all = evaluate(definition, target, options, ["build", "deploy"]);
  const build = objectAt(field(all, "build"), "build");
  const deploy = objectAt(field(all, "deploy"), "deploy");
  const pick = (...names: readonly string[]): Resolved | undefined =>
    field(deploy, ...names) ?? field(build, ...names);
  return {
    image: textAt(pick("image"), "build.image") ?? target.image,
    entryPoint: textsAt(pick("entry_point", "entrypoint"), "build.entry_point"),
    command: textsAt(pick("command"), "build.command"),
    environment: new Map([
      ...mapAt(field(build, "environment_variables"), "build.environment_variables"),
      ...mapAt(field(deploy, "environment", "environment_variables"), "deploy.environment"),
    ]),
    mounts: mountsOf(pick("mount"), deploy ? "deploy.mount" : "build.mount"),
  };
}

function mountsOf(value: Resolved | undefined, where: string): Mount[] {
  const mounts: Mount[] = [];
  for (const [index, item] of listAt(value, where).entries()) {
    const at = `${where}.${index}`;
    const mount = mountOf(objectAt(item, at)!, at);
    const known = mounts.find((other) => other.name === mount.name);
    if (known && known.image !== mount.image) {
      throw hoconError(
        item.at,
        `Cannot read ${at}: another mount is called "${mount.name}"`,
        "give it a name of its own",
      );
    }
    mounts.push(mount);
  }
  return mounts;
}

function mountOf(object: ResolvedObject, where: string): Mount {
  const image = textAt(field(object, "image"), `${where}.image`) ?? "";
  const entryPoint = textsAt(field(object, "entry_point", "entrypoint"), `${where}.entry_point`);
  const named = field(object, "volumes", "volume");
  const volumes = named?.kind === "scalar" ? [named.text] : textsAt(named, `${where}.volumes`);
  if (image === "" || volumes.length === 0 || entryPoint.length === 0) {
    throw hoconError(object.at, `Cannot read ${where}: image, volumes and entry_point are all required`);
  }
  const name = textAt(field(object, "name"), `${where}.name`) || nameOf(image);
  return { name, image, volumes, entryPoint };
}

/** A container name for an image: its last path segment without tag, as far as container names allow it. */
function nameOf(image: string): string {
  const last = image.split("@")[0]!.split("/").at(-1)!.split(":")[0]!;
  return last.replace(/[^A-Za-z0-9-]/g, "-").slice(0, 63) || "kilt";
}
