import { join } from "node:path";
import { parseArgs } from "node:util";
import { FalcoError } from "../../core/errors.ts";
import { credentialSource } from "../auth/find-credential.ts";
import { makeLog } from "../log.ts";
import { parseReference } from "../oci/reference.ts";
import { resolveSettings } from "../settings/resolve.ts";
import { packOwn } from "./pack-own.ts";

/**
 * `npm run artifacts` packs the product's rule sets below dist/artifacts, as image layouts.
 * `npm run artifacts -- --push ghcr.io/me/rules [--plain-http]` pushes them instead.
 */
const { values } = parseArgs({
  options: {
    push: { type: "string" },
    "plain-http": { type: "boolean" },
    version: { type: "string" },
    source: { type: "string" },
  },
});
const root = join(import.meta.dir, "..", "..");
const log = makeLog((line) => process.stderr.write(line + "\n"), "info", "text");
const settings = resolveSettings({ flags: {}, env: process.env, file: { path: "", values: {} } });
const { version } = (await Bun.file(join(root, "package.json")).json()) as { version: string };
try {
  const packed = await packOwn({
    rulesDir: join(root, "core", "library", "rules"),
    version: values.version ?? version,
    outDir: join(root, "dist", "artifacts"),
    ...(values.push && { pushTo: parseReference(values.push) }),
    registry: { plainHttp: values["plain-http"] === true, credentials: credentialSource(settings) },
    source: values.source,
    log,
  });
  for (const { digest, name, where } of packed) log("info", "Packed", { name, where, digest });
} catch (error) {
  if (!(error instanceof FalcoError)) throw error;
  process.stderr.write(`Error: ${error.format()}\n`);
  process.exitCode = 1;
}
