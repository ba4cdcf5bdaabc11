// Makes and removes things as one user after the other, under one name after the other. Without an argument behind the directory: for each way.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { call, text } from "./calls.ts";

const dir = process.argv[2]!;
const [way = "all", uid = "0"] = process.argv.slice(3);
const PR_SET_NAME = 15;
const ROUNDS = 500;

function rounds(): void {
  const file = join(dir, "file");
  for (let i = 0; i < ROUNDS; i++) {
    call("mkdirat", -100, text(join(dir, "made")), 0o755);
    call("fchmodat", -100, text(file), 0o644);
    call("chmod", text(file), 0o600);
    call("unlinkat", -100, text(join(dir, "nothing")), 0);
    call("openat", -100, text(join(dir, "nothing")), 0);
  }
}

const again = (command: readonly string[], ...args: readonly string[]): void => {
  const { exitCode } = Bun.spawnSync([...command, process.execPath, import.meta.path, dir, ...args], {
    stderr: "inherit",
  });
  if (exitCode !== 0) throw new Error(`${args.join(" ")} ended with ${exitCode}`);
};

const user = Number(uid);
switch (way) {
  case "all":
    for (const one of ["0", "1000", "65534"]) again([], "user", one);
    again([], "kept", "1000");
    again([], "renamed", "1000");
    again([], "renames-itself", "0");
    // Its user 5 is the user 0 outside.
    again(["unshare", "-U", "--map-user=5"], "user", "5");
    again(["setpriv", "--reuid=65534", "--clear-groups"], "rounds");
    Bun.spawnSync([
      "sh",
      "-c",
      `for i in 1 2 3 4 5 6 7 8 9 10; do (chmod 600 ${dir}/file; mkdir ${dir}; rm -f ${dir}/nothing; : <${dir}/nothing) 2>/dev/null; done`,
    ]);
    break;
  case "rounds":
    rounds();
    break;
  case "user":
    call("setresuid", user, user, -1);
    rounds();
    break;
  case "kept":
    // Changes nothing but the real user.
    rounds();
    call("setreuid", user, -1);
    rounds();
    break;
  case "renamed":
    // By a thread of the pool that Bun writes files with.
    rounds();
    await writeFile(`/proc/self/task/${process.pid}/comm`, "renamed");
    rounds();
    call("setresuid", user, user, user);
    rounds();
    break;
  case "renames-itself":
    call("prctl", PR_SET_NAME, text("selfmade"));
    rounds();
    Bun.spawnSync(["chmod", "600", join(dir, "file")]);
    break;
}
