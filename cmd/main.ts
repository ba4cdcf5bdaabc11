import { FalcoError, reasonOf } from "../core/errors.ts";
import { dispatch } from "./dispatch.ts";
import { err } from "./print.ts";
import { root } from "./root.ts";

// A reader that has seen enough (`falco --list | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

async function main(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(root, argv);
  } catch (error) {
    if (error instanceof FalcoError) {
      err(`Error: ${error.format()}`);
      return 1;
    }
    // A defect. The trace helps whoever mends it and nobody else, so it is printed on demand only.
    const verbose = argv.includes("-v") || argv.includes("--verbose");
    err(`Error: Unexpected failure: ${reasonOf(error)} [DEFECT]`);
    err(
      verbose && error instanceof Error && error.stack
        ? error.stack
        : "  please report it with the output of the same command and -v",
    );
    return 1;
  }
}

const code = await main(process.argv.slice(2));
// Written text may still be on its way into a pipe; the callback runs when it has left.
await new Promise<void>((flushed) => process.stdout.write("", () => flushed()));
process.exit(code);
