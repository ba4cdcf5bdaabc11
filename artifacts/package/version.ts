import { SemVer } from "semver";
import { FalcoError } from "../../core/errors.ts";

const tolerant =
  /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?$/;
const strict =
  /^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})(?:-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?$/;

/** Reads a version that may begin with `v` and lack its last parts: `v0.5` is 0.5.0. Undefined when it is none. */
export function readVersion(text: string): SemVer | undefined {
  const match = tolerant.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor = "0", patch = "0", pre = ""] = match;
  try {
    return new SemVer(`${Number(major)}.${Number(minor)}.${Number(patch)}${pre}`);
  } catch {
    return undefined;
  }
}

/** As readVersion, but throws; `whose` says in the message what has the version. */
export function parseVersion(text: string, whose: string): SemVer {
  const version = readVersion(text);
  if (version) return version;
  throw new FalcoError(
    "ARTIFACT_VERSION",
    `Cannot use version "${text.slice(0, 80)}" of ${whose}: not a semantic version`,
  );
}

/** A version complete enough to publish under: MAJOR.MINOR.PATCH. */
export function parseStrictVersion(text: string): SemVer {
  if (strict.test(text)) return parseVersion(text, "the artifact");
  throw new FalcoError(
    "ARTIFACT_VERSION",
    `Cannot publish version "${text}": not of the form MAJOR.MINOR.PATCH`,
    {
      hint: readVersion(text) ? `write ${readVersion(text)?.version}` : "write, for example, 1.0.0",
    },
  );
}

/** The tags that move with each release of a version's series: of 1.2.3 these are 1.2.3, 1 and 1.2. */
export function floatingTags(text: string): string[] {
  const version = parseStrictVersion(text);
  // A tag can't hold the plus sign of build metadata.
  return [text.replace("+", "_"), `${version.major}`, `${version.major}.${version.minor}`];
}
