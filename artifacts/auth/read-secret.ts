import { FalcoError } from "../../core/errors.ts";

const limit = 64 * 1024;

/** Reads a secret: what standard input holds, or on a terminal a line typed unseen. */
export async function readSecret(what: string): Promise<string> {
  const secret = process.stdin.isTTY ? await typed(what) : await piped();
  if (secret === "") throw new FalcoError("USAGE", `Cannot go on: no ${what.toLowerCase()} was given`);
  return secret;
}

async function piped(): Promise<string> {
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += Buffer.from(chunk).toString("utf8");
    if (text.length > limit)
      throw new FalcoError("USAGE", "Cannot read the secret: standard input is too long for one");
  }
  return text.replace(/\r?\n$/, "");
}

/** Raw mode keeps the terminal from showing what is typed. */
function typed(what: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${what}: `);
  stdin.setRawMode(true);
  return new Promise((resolve, reject) => {
    let text = "";
    const end = (finish: () => void): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.removeListener("data", read);
      stderr.write("\n");
      finish();
    };
    const read = (data: Buffer): void => {
      for (const letter of data.toString("utf8")) {
        if (["\r", "\n", "\x04"].includes(letter)) {
          end(() => resolve(text));
          return;
        }
        if (letter === "\x03") {
          end(() => reject(new FalcoError("USAGE", "Cannot go on: interrupted")));
          return;
        }
        if (letter === "\x7f" || letter === "\b") text = text.slice(0, -1);
        else if (text.length < limit) text += letter;
      }
    };
    stdin.on("data", read);
    stdin.resume();
  });
}
