import { FalcoError } from "../../core/errors.ts";
import type { Catalog, Located } from "../index/catalog.ts";
import { formatReference } from "../oci/reference.ts";
import { Repository } from "../oci/repository.ts";
import type { ArtifactConfig } from "../package/artifact-config.ts";
import { typeNames } from "../package/artifact-type.ts";
import { configOf, lookupArtifact, type RemoteArtifact } from "../package/remote-artifact.ts";
import { parseVersion } from "../package/version.ts";
import { inParallel } from "./in-parallel.ts";
import type { InstallOptions } from "./install-artifacts.ts";
import { type Candidate, resolveDependencies } from "./resolve-dependencies.ts";

/** An artifact that is going to be installed. */
export interface Found extends Candidate {
  readonly artifact: RemoteArtifact;
  readonly located: Located;
  readonly config: ArtifactConfig;
}

/** Looks up what was asked for and what that depends on, and checks that all of it may be installed. */
export async function findArtifacts(refs: readonly string[], options: InstallOptions): Promise<Found[]> {
  const wanted = await inParallel(refs, (ref) => find(options.catalog.locate(ref), options));
  const solved = options.resolveDeps
    ? await resolveDependencies(
        wanted,
        ({ name, version }, neededBy) =>
          find(locateDependency(options.catalog, name, version, neededBy), options).then((item) => ({
            ...item,
            name,
          })),
        (message) => options.log("warn", message),
      )
    : wanted.map((candidate) => ({ candidate, neededBy: [] }));
  for (const { candidate, neededBy } of solved) {
    const { artifact, config } = candidate;
    checkType(artifact, options.allowedTypes);
    options.accept?.(config);
    if (neededBy.length === 0) continue;
    const fields = { version: String(candidate.version), "needed-by": neededBy.join(",") };
    options.log("info", `Installing "${candidate.name}" too`, fields);
  }
  return solved.map(({ candidate }) => candidate);
}

function locateDependency(catalog: Catalog, name: string, version: string, neededBy: string): Located {
  try {
    return catalog.locate(`${name}:${version.replace(/^v/, "")}`);
  } catch (error) {
    throw new FalcoError(
      "DEPENDENCIES",
      `Cannot satisfy dependencies: ${neededBy} needs ${name} ${version}, and no index lists "${name}"`,
      {
        hint: 'add an index that does with "falco index add", or install without with --resolve-deps=false',
        cause: error,
      },
    );
  }
}

async function find(located: Located, options: InstallOptions): Promise<Found> {
  const repository = Repository.of(located.reference, options.registry);
  const artifact = await lookupArtifact(repository, located.reference, options.platform);
  const config = await configOf(artifact);
  const ref = formatReference(artifact.reference);
  if (config.version === "")
    throw new FalcoError("ARTIFACT_CONFIG", `Cannot install ${ref}: its configuration names no version`);
  const fallback = located.entry?.name ?? repository.name.split("/").at(-1)!;
  return {
    name: config.name || fallback,
    version: parseVersion(config.version, ref),
    dependencies: config.dependencies,
    artifact,
    located,
    config,
  };
}

function checkType({ type, reference }: RemoteArtifact, allowed: readonly string[]): void {
  const unknown = allowed.find((name) => !(typeNames as readonly string[]).includes(name));
  if (unknown) {
    throw new FalcoError("ARTIFACT_TYPE", `Cannot allow artifact type "${unknown}": there is no such type`, {
      hint: `use some of ${typeNames.join(", ")}`,
    });
  }
  if (allowed.length === 0 || allowed.includes(type)) return;
  throw new FalcoError(
    "ARTIFACT_TYPE",
    `Cannot install ${formatReference(reference)}: it is a ${type}, and only ${allowed.join(", ")} is allowed`,
    {
      hint: "change --allowed-types or artifact.allowedTypes",
    },
  );
}
