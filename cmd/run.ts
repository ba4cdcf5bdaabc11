import { command } from "./command.ts";
import { retiredFlags, runFlags } from "./run-flags.ts";
import { runMode } from "./run-modes.ts";

export const run = command({
  name: "run",
  summary: "Watch events, match them against rules, alert",
  examples: [
    "falco run",
    "falco run -r my_rules.yaml -o json_output=true",
    "falco run -o engine.kind=replay -o engine.replay.capture_file=incident.scap",
    "falco run -M 60 -o file_output.enabled=true -o file_output.filename=alerts.txt",
  ],
  flags: runFlags,
  retired: retiredFlags,
  run: async ({ flags }) => {
    const mode = runMode(flags);
    if (mode) return await mode();
    const core = await import("../core/run.ts");
    return await core.run({
      overrides: flags.option,
      rules: flags.rules,
      dryRun: flags["dry-run"],
      unbuffered: flags.unbuffered,
      verbose: flags.verbose,
      sources: { enable: flags["enable-source"], disable: flags["disable-source"] },
      ...(flags.config === undefined ? {} : { configPath: flags.config }),
      ...(flags.duration === undefined ? {} : { duration: flags.duration }),
      ...(flags.pidfile === undefined ? {} : { pidfile: flags.pidfile }),
      ...(flags.print === undefined ? {} : { print: flags.print }),
    });
  },
});
