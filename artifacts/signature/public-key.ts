import { createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import { readBody } from "../oci/body.ts";
import { httpDefaults, send } from "../oci/http.ts";

const keyLimit = 64 * 1024;

/** Loads a public key as indexes name it: PEM text, `env://NAME`, an https URL, or a file. Key services are not known. */
export async function loadPublicKey(source: string): Promise<KeyObject> {
  try {
    return createPublicKey(await pemOf(source));
  } catch (error) {
    if (error instanceof FalcoError) throw error;
    const shown = source.includes("-----BEGIN") ? "given in the index" : source;
    throw new FalcoError("SIGNATURE", `Cannot load the public key ${shown}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function pemOf(source: string): Promise<string> {
  if (source.includes("-----BEGIN")) return source;
  const scheme = /^([a-z0-9]+):\/\//.exec(source)?.[1];
  if (scheme === "env") return process.env[source.slice("env://".length)] ?? "";
  if (scheme === "https") {
    const response = await send({ method: "GET", url: new URL(source) }, httpDefaults);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new TextDecoder().decode(
      await readBody(response, keyLimit, httpDefaults.stallMs, `the key ${source}`),
    );
  }
  if (scheme !== undefined && scheme !== "file") {
    throw new FalcoError(
      "SIGNATURE",
      `Cannot load the public key ${source}: keys of "${scheme}" are not supported`,
      {
        hint: "name a file or an https URL with the key in PEM",
      },
    );
  }
  return readFile(source.replace(/^file:\/\//, ""), "utf8");
}
