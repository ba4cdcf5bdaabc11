import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FalcoError } from "../../core/errors.ts";
import { build } from "./build.ts";
import { zip } from "./zip.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** What Lambda's custom runtimes start; the runtime's image has a shell. */
export const BOOTSTRAP = `#!/bin/sh
# Lambda gives no home, and only /tmp can be written to.
export HOME="\${HOME:-/tmp}"
exec "$LAMBDA_TASK_ROOT/falco" kilt cfn lambda
`;

/** Builds falco for a target and packs it as the code of the macro's Lambda function; returns the zip's path. */
export async function lambda(target: string | undefined, outfile: string): Promise<string> {
  const built = await build(
    target,
    join(dirname(outfile), target === undefined ? "falco" : `falco-${target}`),
  );
  const archive = zip([
    { path: "bootstrap", mode: 0o755, content: Buffer.from(BOOTSTRAP) },
    { path: "falco", mode: 0o755, content: readFileSync(built.path) },
    { path: "NOTICES.txt", mode: 0o644, content: readFileSync(join(dirname(built.path), "NOTICES.txt")) },
  ]);
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, archive);
  return outfile;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
  try {
    const path = await lambda(values.target, resolve(values.outfile ?? join(ROOT, "dist/falco-lambda.zip")));
    console.log(`${path} (${(readFileSync(path).length / 1e6).toFixed(1)} MB)\n  aws s3 cp ${path} s3://…`);
  } catch (error) {
    console.error(error instanceof FalcoError ? error.format() : error);
    process.exit(1);
  }
}
