import { FalcoError } from "../../core/errors.ts";
import type { Descriptor, ImageIndex, Platform } from "./manifest.ts";

/** Node's names of architectures that differ from those of the OCI image spec (which are Go's). */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** This machine, in OCI's words: `linux/amd64`. */
export function hostPlatform(): Platform {
  return { os: process.platform, architecture: architectures[process.arch] ?? process.arch };
}

/** Reads `os/architecture[/variant]`. */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/.exec(text);
  if (!match) {
    throw new FalcoError("OCI_PLATFORM", `Cannot read platform "${text}": not of the form OS/ARCH`, {
      hint: "write, for example, linux/amd64",
    });
  }
  return { os: match[1]!, architecture: match[2]!, ...(match[3] && { variant: match[3] }) };
}

const formatPlatform = (p: Platform): string =>
  [p.os, p.architecture, ...(p.variant ? [p.variant] : [])].join("/");

/** The manifest of an index that fits a platform; throws with the platforms there are when none does. */
export function selectPlatform(index: ImageIndex, wanted: Platform, from: string): Descriptor {
  const fits = index.manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const found = fits.find((d) => d.platform?.variant === wanted.variant) ?? fits[0];
  if (found) return found;
  const there = index.manifests.flatMap((d) => (d.platform ? [formatPlatform(d.platform)] : []));
  throw new FalcoError("OCI_PLATFORM", `Cannot use ${from}: it has nothing for ${formatPlatform(wanted)}`, {
    hint:
      there.length > 0
        ? `it has ${there.join(", ")}; choose with --platform`
        : "its index names no platforms",
  });
}
