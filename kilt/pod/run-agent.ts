import { FalcoError } from "../../core/errors.ts";
import { enterRoot, placeFile, startProgram, undo } from "./agent.ts";

/** Carries out one action of `falco kilt agent` in the container whose processes this one shares. */
export async function runAgent(
  words: readonly string[],
  rest: readonly string[],
  processes: readonly string[],
  input: AsyncIterable<Uint8Array>,
): Promise<void> {
  const [action, ...args] = words;
  if (action === "upload") {
    const [path = "", mode = "", owner = "", size = ""] = args;
    const [, uid, gid] = /^(\d+):(\d+)$/.exec(owner) ?? [];
    if (!path.startsWith("/") || !/^[0-7]{1,4}$/.test(mode) || uid === undefined || !/^\d{1,15}$/.test(size))
      throw usage();
    enterRoot();
    await placeFile(path, input, Number(size), Number.parseInt(mode, 8), {
      uid: Number(uid),
      gid: Number(gid),
    });
  } else if (action === "start" && rest.length > 0) {
    enterRoot();
    const { pid, start } = startProgram(rest);
    process.stdout.write(`kilt-started ${pid} ${start}\n`);
  } else if (action === "undo") {
    const started = processes.map((text) => {
      const [, pid, start] = /^([1-9]\d*):(\d+)$/.exec(text) ?? [];
      if (pid === undefined || start === undefined) throw usage();
      return { pid: Number(pid), start };
    });
    enterRoot();
    undo(rest, started);
  } else throw usage();
}

const usage = (): FalcoError =>
  new FalcoError(
    "USAGE",
    "Cannot do that: expected upload PATH MODE UID:GID SIZE, start -- RUN, or undo -- PATH",
  );
