/** Three numbers; what follows the third is not looked at. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads `x.y.z`, or nothing. */
export function parseVersion(text: string): Version | undefined {
  const match = /^\s*(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (!match) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

export const printVersion = ({ major, minor, patch }: Version): string => `${major}.${minor}.${patch}`;

/** Negative when `a` is the older one. */
export const compareVersions = (a: Version, b: Version): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch;

/** Whether something of version `actual` serves who needs `required`: same major, not older. */
export const isCompatible = (actual: Version, required: Version): boolean =>
  actual.major === required.major && compareVersions(actual, required) >= 0;
