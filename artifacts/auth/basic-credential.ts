import { createInterface } from "node:readline/promises";
import { FalcoError } from "../../core/errors.ts";
import type { Credential } from "../oci/authorize.ts";
import { readSecret } from "./read-secret.ts";

export interface BasicFlags {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly "password-stdin": boolean;
}

/** User name and password from flags, standard input, or a person at a terminal. */
export async function basicCredential(flags: BasicFlags): Promise<Credential> {
  if (flags.password !== undefined && flags["password-stdin"]) {
    throw new FalcoError(
      "USAGE",
      "Cannot use both --password and --password-stdin: the password is given twice",
    );
  }
  const username = flags.username ?? (await askName());
  const password = flags.password ?? (await readSecret("Password"));
  return { username, password };
}

async function askName(): Promise<string> {
  if (!process.stdin.isTTY) throw new FalcoError("USAGE", "Cannot log in: --username is missing");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question("Username: ")).trim();
  } finally {
    lines.close();
  }
}
