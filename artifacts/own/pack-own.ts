import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Log } from "../log.ts";
import { OciLayout } from "../oci/layout.ts";
import type { Reference } from "../oci/reference.ts";
import type { RegistryOptions } from "../oci/registry-client.ts";
import { Repository } from "../oci/repository.ts";
import { pushFiles } from "../package/push-files.ts";

export interface OwnArtifact {
  readonly name: string;
  readonly digest: string;
  readonly where: string;
}

export interface PackOwnOptions {
  readonly rulesDir: string;
  /** MAJOR.MINOR.PATCH of the release the rule sets belong to. */
  readonly version: string;
  /** Directory for image layouts, one below it per artifact. */
  readonly outDir: string;
  /** Registry and path to push to instead. */
  readonly pushTo?: Reference;
  readonly registry?: RegistryOptions;
  readonly source?: string | undefined;
  readonly log: Log;
}

/** Packs the product's rule sets, `falco_rules.yaml` as the artifact `falco-rules`, into image layouts or a registry. */
export async function packOwn(options: PackOwnOptions): Promise<OwnArtifact[]> {
  const { log, outDir, pushTo, rulesDir, source, version } = options;
  const done: OwnArtifact[] = [];
  for (const file of (await readdir(rulesDir)).filter((name) => /\.ya?ml$/.test(name)).sort()) {
    const name = basename(file)
      .replace(/\.ya?ml$/, "")
      .replaceAll("_", "-");
    const reference = {
      registry: pushTo?.registry ?? "localhost",
      repository: pushTo ? `${pushTo.repository}/${name}` : name,
    };
    const where = pushTo ? `${reference.registry}/${reference.repository}` : join(outDir, name);
    if (!pushTo) await rm(where, { recursive: true, force: true });
    const target = pushTo ? Repository.of(reference, options.registry) : new OciLayout(where);
    const request = {
      type: "rulesfile",
      version,
      platforms: [],
      dependencies: [],
      requirements: [],
      tags: ["latest"],
      floatingTags: true,
      source,
    };
    const { digest } = await pushFiles(target, reference, [join(rulesDir, file)], request, { log });
    done.push({ name, digest, where });
  }
  return done;
}
