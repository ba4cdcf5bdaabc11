import { homedir } from "node:os";
import { join } from "node:path";

/** The files that falcoctl keeps for a user, all below `~/.config/falcoctl`. */
export interface Paths {
  readonly indexesFile: string;
  readonly indexesDir: string;
  readonly credentials: string;
  readonly clientCredentials: string;
}

export function userPaths(env: NodeJS.ProcessEnv = process.env): Paths {
  const base = join(env["HOME"] ?? homedir(), ".config", "falcoctl");
  return {
    indexesFile: join(base, "indexes.yaml"),
    indexesDir: join(base, "indexes"),
    credentials: join(base, "config.json"),
    clientCredentials: join(base, "clientcredentials.json"),
  };
}
