import { FalcoError, reasonOf } from "../core/errors.ts";
import { ENGINE_SETTING_NAMES } from "../core/ffi/engine-setting.ts";
import { dispatch } from "./dispatch.ts";
import { err, flushed } from "./print.ts";
import { root } from "./root.ts";

// Failures to write are looked at where they are waited for; an event nobody listens to would end the process.
process.stdout.on("error", () => undefined);

async function main(argv: readonly string[]): Promise<number> {
  for (const name of ENGINE_SETTING_NAMES) delete process.env[name];
  // The stage of `falco trace` that becomes the workload: not for people, and with nothing loaded that it doesn't need.
  if (argv[0] === "trace-launch") {
    return (await import("../core/capture/ptrace/launcher.ts")).launch(argv.slice(1));
  }
  try {
    const code = await dispatch(root, argv);
    await flushed().catch(unwritten);
    return code;
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

/** A reader that has seen enough (`falco fields | head`) is no failure; a full disk is one. */
function unwritten(cause: unknown): void {
  if ((cause as NodeJS.ErrnoException).code === "EPIPE") return;
  throw new FalcoError("OUTPUT", `Cannot write to standard output: ${reasonOf(cause)}`, { cause });
}

process.exit(await main(process.argv.slice(2)));
