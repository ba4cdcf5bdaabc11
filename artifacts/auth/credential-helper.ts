import { FalcoError } from "../../core/errors.ts";
import type { Credential } from "../oci/authorize.ts";

const timeoutMs = 30_000;

/**
 * Runs `docker-credential-NAME VERB` with one line on its standard input, as docker-credential-helpers defines it.
 * Undefined when the helper says that it knows no such credential.
 */
async function ask(
  helper: string,
  verb: "get" | "store" | "erase",
  input: string,
): Promise<string | undefined> {
  // The name comes from a file and becomes part of a program's name: no path, no option.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(helper)) {
    throw new FalcoError(
      "CREDENTIALS",
      `Cannot use credential helper "${helper.slice(0, 64)}": not a helper's name`,
    );
  }
  const program = `docker-credential-${helper}`;
  const path = Bun.which(program, { PATH: process.env["PATH"] ?? "" });
  if (!path) {
    throw new FalcoError("CREDENTIALS", `Cannot ask for credentials: ${program} is not in the PATH`, {
      hint: "install the helper, or remove it from config.json",
    });
  }
  const run = Bun.spawn([path, verb], {
    env: process.env,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "ignore",
    timeout: timeoutMs,
  });
  const [output, code] = await Promise.all([new Response(run.stdout).text(), run.exited]);
  if (code === 0) return output;
  // The text is part of the protocol; helpers have no other way to say it.
  if (/credentials not found/i.test(output)) return undefined;
  throw new FalcoError(
    "CREDENTIALS",
    `Cannot ${verb} credentials: ${program} ended with ${code ?? "a timeout"}`,
  );
}

export async function readFromHelper(helper: string, server: string): Promise<Credential | undefined> {
  const output = await ask(helper, "get", server);
  if (output === undefined) return undefined;
  let answer: { Username?: unknown; Secret?: unknown } | null;
  try {
    answer = JSON.parse(output) as typeof answer;
  } catch {
    throw new FalcoError(
      "CREDENTIALS",
      `Cannot use the answer of docker-credential-${helper}: not valid JSON`,
    );
  }
  const { Username: name, Secret: secret } = answer ?? {};
  if (typeof name !== "string" || typeof secret !== "string" || secret === "") return undefined;
  // This user name marks a refresh token in place of a password.
  return name === "<token>" ? { identityToken: secret } : { username: name, password: secret };
}

export async function storeInHelper(helper: string, server: string, credential: Credential): Promise<void> {
  const entry = {
    ServerURL: server,
    Username: credential.username ?? "",
    Secret: credential.password ?? credential.bearer ?? "",
  };
  await ask(helper, "store", JSON.stringify(entry));
}

/** Says whether the helper held one. */
export async function eraseFromHelper(helper: string, server: string): Promise<boolean> {
  const held = (await readFromHelper(helper, server)) !== undefined;
  if (held) await ask(helper, "erase", server);
  return held;
}
