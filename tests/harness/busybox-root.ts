import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A root file system below `directory` whose only program is the machine's static busybox; `/bin/sh` and all
 * applets work in it. `passwd` becomes its /etc/passwd. Returns the reason where there is no busybox.
 */
export function busyboxRoot(directory: string, passwd?: string): { readonly path: string } | string {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (!busybox) return "busybox is not installed (Debian: apt-get install busybox-static)";
  const path = mkdtempSync(join(directory, "busybox-"));
  const script = `chmod 755 . && mkdir bin && cp ${busybox} bin/busybox && bin/busybox --install bin`;
  const made = Bun.spawnSync(["sh", "-c", script], { cwd: path });
  if (made.exitCode !== 0) return `cannot make a busybox root: ${made.stderr.toString().trim()}`;
  if (passwd !== undefined) {
    mkdirSync(join(path, "etc"));
    writeFileSync(join(path, "etc", "passwd"), passwd);
  }
  return { path };
}
