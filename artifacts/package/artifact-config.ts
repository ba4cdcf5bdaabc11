import { FalcoError, reasonOf } from "../../core/errors.ts";
import { parseVersion } from "./version.ts";

export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

export interface Dependency extends NamedVersion {
  /** Artifacts that serve as well, if one of them is wanted anyway. */
  readonly alternatives?: readonly NamedVersion[];
}

/** The config blob of an artifact: who it is and what it needs. */
export interface ArtifactConfig {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly Dependency[];
  /** What the engine must offer, as in engine_version_semver or plugin_api_version. */
  readonly requirements: readonly NamedVersion[];
}

const byName = (a: NamedVersion, b: NamedVersion): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The config blob's bytes: members that are empty are left out, lists are sorted by name. */
export function encodeConfig(config: ArtifactConfig): Uint8Array {
  const dependencies = [...config.dependencies].sort(byName).map(({ name, version, alternatives = [] }) => ({
    name,
    version,
    ...(alternatives.length > 0 && { alternatives: [...alternatives].sort(byName) }),
  }));
  const json = {
    ...(config.name && { name: config.name }),
    ...(config.version && { version: config.version }),
    ...(dependencies.length > 0 && { dependencies }),
    ...(config.requirements.length > 0 && { requirements: [...config.requirements].sort(byName) }),
  };
  return new TextEncoder().encode(JSON.stringify(json));
}

/** Reads a config blob. Throws ARTIFACT_CONFIG naming the member that is wrong. */
export function decodeConfig(bytes: Uint8Array, from: string): ArtifactConfig {
  const fail = (why: string, cause?: unknown): never => {
    throw new FalcoError("ARTIFACT_CONFIG", `Cannot read the configuration of ${from}: ${why}`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail(`not JSON (${reasonOf(error)})`, error);
  }
  if (typeof json !== "object" || json === null) return fail("not a JSON object");
  const { name = "", version = "", dependencies, requirements } = json as Record<string, unknown>;
  if (typeof name !== "string" || typeof version !== "string") return fail("name or version is not a text");
  const list = (value: unknown, where: string): Record<string, unknown>[] => {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : fail(`${where} is not a list`);
  };
  const named = (value: Record<string, unknown> | null, where: string): NamedVersion => {
    const { name, version } = value ?? {};
    if (typeof name !== "string" || name === "") return fail(`${where} has no name`);
    return typeof version === "string" ? { name, version } : fail(`${where} has no version`);
  };
  return {
    name,
    version,
    dependencies: list(dependencies, "dependencies").map((item, i) => {
      const where = `dependencies[${i}]`;
      const alternatives = list(item?.["alternatives"], `${where}.alternatives`);
      return {
        ...named(item, where),
        ...(alternatives.length > 0 && {
          alternatives: alternatives.map((a, j) => named(a, `${where}.alternatives[${j}]`)),
        }),
      };
    }),
    requirements: list(requirements, "requirements").map((item, i) => named(item, `requirements[${i}]`)),
  };
}

/** Reads `NAME:VERSION|ALTERNATIVE:VERSION…` as --depends-on takes it. */
export function parseDependency(text: string): Dependency {
  const [first, ...alternatives] = text.split("|").map((part) => nameAndVersion(part, text, "dependency"));
  return { ...first!, ...(alternatives.length > 0 && { alternatives }) };
}

/** Reads `NAME:VERSION` as --requires takes it. */
export const parseRequirement = (text: string): NamedVersion => nameAndVersion(text, text, "requirement");

function nameAndVersion(part: string, whole: string, what: string): NamedVersion {
  const match = /^([^:|@\s]+):([^:|@\s]+)$/.exec(part.trim());
  if (!match) {
    throw new FalcoError("USAGE", `Cannot read ${what} "${whole}": "${part}" is not NAME:VERSION`);
  }
  parseVersion(match[2]!, `${what} "${match[1]}"`);
  return { name: match[1]!, version: match[2]! };
}
