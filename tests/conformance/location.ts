import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");

/** Folder of the captures with known answers: FALCO_CONFORMANCE, or `shared/conformance` beside the checkout. */
export const CONFORMANCE = process.env.FALCO_CONFORMANCE ?? join(ROOT, "../shared/conformance");

/** Why tests against known answers cannot run here; undefined when they can. */
export const CONFORMANCE_MISSING = existsSync(join(CONFORMANCE, "captures"))
  ? undefined
  : `no known answers in ${CONFORMANCE}: set FALCO_CONFORMANCE`;
