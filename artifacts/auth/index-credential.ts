import { FalcoError } from "../../core/errors.ts";
import { shownIndexUrl } from "../index/fetch-index.ts";
import type { Settings } from "../settings/keys.ts";
import { storeCredential } from "./docker-config.ts";
import { storePath } from "./find-credential.ts";
import { readSecret } from "./read-secret.ts";

export interface IndexCredentialFlags {
  readonly username: string | undefined;
  readonly "password-stdin": boolean;
  readonly "token-stdin": boolean;
}

/** Keeps what is given to authenticate to an index's host with the other credentials; nothing when nothing is given. */
export async function storeIndexCredential(
  url: string,
  flags: IndexCredentialFlags,
  settings: Settings,
): Promise<void> {
  const { username } = flags;
  if (username === undefined && !flags["token-stdin"]) {
    if (!flags["password-stdin"]) return;
    throw new FalcoError("USAGE", "Cannot store the password of an index: --username is missing");
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new FalcoError(
      "USAGE",
      `Cannot store a credential for index ${shownIndexUrl(url)}: only https and http ask for one`,
    );
  }
  const secret = await readSecret(username === undefined ? "Token" : "Password");
  const credential = username === undefined ? { bearer: secret } : { username, password: secret };
  await storeCredential(storePath(settings), new URL(url).host, credential);
}
