import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FalcoError } from "../../core/errors.ts";
import { VERSIONS } from "../../core/versions.ts";
import { build } from "./build.ts";
import { notices } from "./notices.ts";
import { ociLayout } from "./oci-layout.ts";

const ROOT = resolve(import.meta.dir, "../..");

/**
 * Builds the binary for each target and puts it into a container image that holds nothing else but the
 * notices and the directories that falco writes to. Returns the path of the archive; the binaries lie beside.
 */
export async function image(targets: readonly (string | undefined)[], outfile: string): Promise<string> {
  const text = Buffer.from(notices(ROOT));
  const images = [];
  for (const name of targets) {
    const built = await build(name, join(dirname(outfile), name === undefined ? "falco" : `falco-${name}`));
    if (built.needs) {
      throw new FalcoError("BUILD_IMAGE", `Cannot make an image for ${built.target.name}: ${built.needs}`, {
        hint: "an image holds nothing but the binary, so the binary must carry its C library",
      });
    }
    images.push({
      architecture: built.target.oci,
      entrypoint: ["/usr/bin/falco"],
      // Lent to other containers ("volumes from"), which is why the binary lies in a folder of its own.
      volumes: ["/opt/falco"],
      labels: {
        "org.opencontainers.image.title": "falco",
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
      files: [
        ...[
          "etc/",
          "etc/falco/",
          "opt/",
          "opt/falco/",
          "usr/",
          "usr/bin/",
          "usr/share/",
          "usr/share/falco/",
        ].map((path) => ({
          path,
          mode: 0o755,
        })),
        { path: "tmp/", mode: 0o1777 },
        { path: "usr/share/falco/NOTICES", mode: 0o644, content: text },
        { path: "opt/falco/falco", mode: 0o755, content: readFileSync(built.path) },
        { path: "usr/bin/falco", mode: 0o777, link: "../../opt/falco/falco" },
      ],
    });
  }
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, ociLayout(images, `falco:${VERSIONS.falco}`, new Date()));
  return outfile;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { target: { type: "string", multiple: true }, outfile: { type: "string" } },
  });
  try {
    const path = await image(
      values.target ?? [undefined],
      resolve(values.outfile ?? join(ROOT, "dist/falco-image.tar")),
    );
    console.log(`${path}\n  docker load -i ${path}\n  skopeo copy oci-archive:${path} docker://…`);
  } catch (error) {
    console.error(error instanceof FalcoError ? error.format() : error);
    process.exit(1);
  }
}
