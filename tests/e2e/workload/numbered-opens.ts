import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Tries to open files `numbered-0`, `numbered-1`, … of a directory, which do not exist, among many others, until a
 * file `stop` appears there; then writes into `count` how many there were.
 */
const directory = process.argv[2]!;
const A_TURN = 40;
const OTHERS = 400;

function attempt(path: string): void {
  try {
    closeSync(openSync(path, "r"));
  } catch {
    // There is no such file: the call is what counts.
  }
}

let count = 0;
while (!existsSync(join(directory, "stop"))) {
  for (let i = 0; i < A_TURN; i++) attempt(join(directory, `numbered-${count++}`));
  for (let i = 0; i < OTHERS; i++) attempt(directory);
  await Bun.sleep(10);
}
writeFileSync(join(directory, "count"), String(count));
