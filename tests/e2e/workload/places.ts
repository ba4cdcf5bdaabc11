// Does the same calls on the host, in groups as containers have them, and on the way between them. Arguments: a directory, a hierarchy of control groups,
// an id of which there is a group already, and one of which there is not.
import { join } from "node:path";
import { enterGroup, leaveGroups, makeGroup, removeGroup } from "../control-groups.ts";
import { call, text } from "./calls.ts";

const [dir = "", hierarchy = "", there = "", missing = "", way = "all"] = process.argv.slice(2);
const ROUNDS = 40;
const groupOf = (id: string): string => join(hierarchy, "docker", id);

function rounds(): void {
  const file = join(dir, "file");
  for (let i = 0; i < ROUNDS; i++) {
    call("fchmodat", -100, text(file), 0o600);
    call("mkdirat", -100, text(dir), 0o755);
    call("unlinkat", -100, text(join(dir, "nothing")), 0);
    call("openat", -100, text(join(dir, "nothing")), 0);
  }
}

function again(...command: readonly string[]): void {
  const self = [process.execPath, import.meta.path, dir, hierarchy, there, missing, ...command];
  const { exitCode } = Bun.spawnSync(self, { stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}`);
}

function moved(id: string): void {
  rounds();
  makeGroup(groupOf(id));
  enterGroup(groupOf(id), process.pid);
  // Where it is now, it is told by no record; what it starts is told by theirs.
  rounds();
  again("rounds");
  leaveGroups(process.pid);
  again("rounds");
  rounds();
}

switch (way) {
  case "all":
    leaveGroups(process.pid);
    again("rounds");
    again("moved");
    again("made");
    again("thread");
    removeGroup(groupOf(missing));
    break;
  case "rounds":
    rounds();
    break;
  case "moved":
    moved(there);
    break;
  case "made":
    moved(missing);
    break;
  case "thread": {
    // A thread that starts in the group: Bun's own, for a worker that spawns.
    enterGroup(groupOf(there), process.pid);
    const code = `Bun.spawnSync(["chmod", "600", ${JSON.stringify(join(dir, "file"))}]); self.postMessage(0);`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    await new Promise((resolve) => {
      worker.onmessage = resolve;
    });
    worker.terminate();
    rounds();
    break;
  }
}
process.exit(0);
