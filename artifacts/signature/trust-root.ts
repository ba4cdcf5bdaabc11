import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { FalcoError, reasonOf } from "../../core/errors.ts";

/**
 * Whose certificates and logs are believed: a trusted_root.json that was given, or Sigstore's public instance, whose
 * root is kept current through TUF below `~/.config/falcoctl/sigstore` (the first root is built in).
 */
export async function loadTrustRoot(
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TrustedRoot> {
  if (file !== undefined) return readRoot(file);
  const { getTrustedRoot } = await import("@sigstore/tuf");
  const cachePath = join(env["HOME"] ?? homedir(), ".config", "falcoctl", "sigstore");
  try {
    return await getTrustedRoot({ cachePath });
  } catch (error) {
    throw new FalcoError(
      "SIGNATURE",
      `Cannot get Sigstore's trusted root: ${reasonOf((error as Error).cause ?? error)}`,
      {
        hint: "without access to tuf-repo-cdn.sigstore.dev, give a trusted_root.json with --trusted-root",
        cause: error,
      },
    );
  }
}

async function readRoot(file: string): Promise<TrustedRoot> {
  try {
    return TrustedRoot.fromJSON(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new FalcoError("SIGNATURE", `Cannot read the trusted root ${file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
