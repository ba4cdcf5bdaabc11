import { eventOf, text, words } from "../calls.ts";
import { AT_FDCWD, expectEvent, path, pid, run } from "../expectations.ts";
import { forks } from "../machine-code.ts";

export function processes(): void {
  run("clone3", [0, 0], {});
  run("execve", [text(path("missing")), words(text("missing"), 0), words(0)], {
    exe: "missing",
    filename: path("missing"),
  });
  run("execveat", [AT_FDCWD, text(path("missing")), words(text("gone"), 0), words(0), 0], { exe: "gone" });
  for (const { name, child } of forks()) expectEvent(eventOf(name), { res: child, tid: pid, pid });
  Bun.spawnSync(["true"]);
}
