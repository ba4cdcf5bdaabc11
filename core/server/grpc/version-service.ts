import type { MessageInitShape } from "@bufbuild/protobuf";
import { parse } from "semver";
import type { responseSchema } from "../../../proto/gen/version_pb.ts";

/** Semantic versions of the program and of its rule engine, and the checksum over the engine's fields. */
export interface VersionInfo {
  readonly version: string;
  readonly engineVersion: string;
  readonly engineFieldsChecksum: string;
}

/** `falco.version.response`: the versions whole and in parts. */
export function versionResponse(info: VersionInfo): MessageInitShape<typeof responseSchema> {
  const program = parse(info.version);
  const engine = parse(info.engineVersion);
  return {
    version: info.version,
    major: program?.major ?? 0,
    minor: program?.minor ?? 0,
    patch: program?.patch ?? 0,
    prerelease: program?.prerelease.join(".") ?? "",
    build: program?.build.join(".") ?? "",
    engineVersion: info.engineVersion,
    engineMajor: engine?.major ?? 0,
    engineMinor: engine?.minor ?? 0,
    enginePatch: engine?.patch ?? 0,
    engineFieldsChecksum: info.engineFieldsChecksum,
  };
}
