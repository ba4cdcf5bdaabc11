import type { SemVer } from "semver";
import { FalcoError } from "../../core/errors.ts";
import type { Dependency, NamedVersion } from "../package/artifact-config.ts";
import { parseVersion } from "../package/version.ts";

/** What the solver needs to know of an artifact that is to be installed. */
export interface Candidate {
  readonly name: string;
  readonly version: SemVer;
  readonly dependencies: readonly Dependency[];
}

export interface Solved<C extends Candidate> {
  readonly candidate: C;
  /** Names of those that asked for it; empty for what the user named. */
  readonly neededBy: readonly string[];
}

/** More than any real set of rules and plugins: a registry whose artifacts need ever new ones is stopped here. */
const maxArtifacts = 500;

/**
 * Completes a list of artifacts by what they depend on. A version asked for is a minimum within its major version. What
 * is chosen already and new enough serves; else an alternative that is chosen already; else the dependency itself is
 * added, or raised to the version needed. `fetch` looks one up by name and version. Throws DEPENDENCIES naming both
 * sides of a conflict.
 */
export async function resolveDependencies<C extends Candidate>(
  wanted: readonly C[],
  fetch: (need: NamedVersion, neededBy: string) => Promise<C>,
  warn: (message: string) => void = () => undefined,
): Promise<Solved<C>[]> {
  const chosen = new Map<string, { candidate: C; neededBy: Set<string> }>();
  for (const candidate of wanted) {
    const other = chosen.get(candidate.name)?.candidate;
    const higher = !other || candidate.version.compare(other.version) > 0;
    if (other) {
      const [kept, dropped] = higher ? [candidate, other] : [other, candidate];
      if (kept.version.compare(dropped.version) !== 0) {
        warn(`"${kept.name}" is given twice: keeping ${kept.version}, leaving out ${dropped.version}`);
      }
    }
    if (higher) chosen.set(candidate.name, { candidate, neededBy: new Set() });
  }

  const queue = [...chosen.keys()];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const { candidate } = chosen.get(name)!;
    for (const dependency of candidate.dependencies) {
      const need = pick(dependency, (other) => chosen.has(other));
      const whose = `"${need.name}", which ${name} needs`;
      const minimum = parseVersion(need.version, whose);
      const present = chosen.get(need.name);
      if (present) {
        if (present.candidate.version.major !== minimum.major) throw conflict(candidate, need, present);
        present.neededBy.add(name);
        if (present.candidate.version.compare(minimum) >= 0) continue;
      }
      const found = await fetch(need, name);
      if (found.version.major !== minimum.major || found.version.compare(minimum) < 0) {
        throw new FalcoError(
          "DEPENDENCIES",
          `Cannot satisfy dependencies: ${name} ${candidate.version} needs ${need.name} ${need.version}, but what is published under that version calls itself ${found.version}`,
        );
      }
      chosen.set(need.name, { candidate: found, neededBy: present?.neededBy ?? new Set([name]) });
      if (chosen.size > maxArtifacts) {
        throw new FalcoError(
          "DEPENDENCIES",
          `Cannot satisfy dependencies: more than ${maxArtifacts} artifacts would be needed`,
        );
      }
      queue.push(need.name);
    }
  }
  return [...chosen.values()].map(({ candidate, neededBy }) => ({ candidate, neededBy: [...neededBy] }));
}

/** The dependency itself, unless it is not chosen yet and an alternative is. */
function pick(dependency: Dependency, isChosen: (name: string) => boolean): NamedVersion {
  if (isChosen(dependency.name)) return dependency;
  return dependency.alternatives?.find((alternative) => isChosen(alternative.name)) ?? dependency;
}

function conflict<C extends Candidate>(
  candidate: C,
  need: NamedVersion,
  present: { candidate: C; neededBy: ReadonlySet<string> },
): FalcoError {
  const askers = [...present.neededBy];
  const by =
    askers.length > 0 ? `${askers.join(" and ")} ${askers.length > 1 ? "need" : "needs"}` : "you asked for";
  return new FalcoError(
    "DEPENDENCIES",
    `Cannot satisfy dependencies: ${candidate.name} ${candidate.version} needs ${need.name} ${need.version}, but ${by} ${need.name} ${present.candidate.version}`,
    {
      hint: `major versions differ, and only one can be installed: choose other versions of ${candidate.name} or ${need.name}`,
    },
  );
}
