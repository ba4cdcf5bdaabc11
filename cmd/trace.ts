import { FalcoError } from "../core/errors.ts";
import { command } from "./command.ts";
import { runFlags } from "./run-flags.ts";

const { config, option, rules, duration, pidfile, unbuffered, print, verbose } = runFlags;

/** Beside somebody's program falco opens no port and says little, unless a configuration file or -o says otherwise. */
const BESIDE = ["webserver.enabled=false"];
const QUIET = ["log_level=warning", "libs_logger.severity=warning"];

export const trace = command({
  name: "trace",
  summary: "Watch one command or process without access to the kernel",
  description:
    "Starts a command, or attaches to a process, follows all that it starts, and matches what they do against rules.\n" +
    "Needs no privileges. Standard input and output stay the command's own: alerts go to standard error, where the\n" +
    "stdout output of the configuration writes to. Signals sent to falco reach the command, its exit code is falco's.\n" +
    "A command lives and dies with falco: without its tracer its system calls would fail. With --detachable it can go\n" +
    "on alone, at the cost of two stops for each of its system calls.",
  examples: [
    "falco trace -- nginx -g 'daemon off;'",
    "falco trace -r my_rules.yaml -o json_output=true -- ./server --port 80",
    "falco trace -p 1234 -M 60",
  ],
  flags: {
    pid: {
      type: "number",
      short: "p",
      value: "PID",
      help: "Attach to this process instead of starting a command",
    },
    detachable: {
      type: "boolean",
      help: "Let the command go on when falco ends before it, at a higher cost",
    },
    "kill-on-exit": { type: "boolean", help: "End the command, or the process, when falco ends before it" },
    config,
    option,
    rules,
    duration,
    pidfile,
    unbuffered,
    print: { type: print.type, value: print.value, help: print.help },
    verbose,
  },
  rest: { name: "COMMAND", help: "the command to start, with its arguments", repeat: true, optional: true },
  run: async ({ flags, rest }) => {
    if ((flags.pid === undefined) === (rest.length === 0)) {
      throw new FalcoError("USAGE", "Cannot trace: name either a command or a process", {
        hint: "falco trace -- COMMAND, or falco trace -p PID",
      });
    }
    const core = await import("../core/run.ts");
    return await core.run({
      overrides: [
        ...(flags.config === undefined ? BESIDE : []),
        ...(flags.config === undefined && !flags.verbose ? QUIET : []),
        ...flags.option,
        "engine.kind=ptrace",
      ],
      rules: flags.rules,
      dryRun: false,
      unbuffered: flags.unbuffered,
      trace: {
        target: flags.pid === undefined ? { command: rest } : { pid: flags.pid },
        detachable: flags.detachable,
        killOnExit: flags["kill-on-exit"],
      },
      ...(flags.config === undefined ? {} : { configPath: flags.config }),
      ...(flags.duration === undefined ? {} : { duration: flags.duration }),
      ...(flags.pidfile === undefined ? {} : { pidfile: flags.pidfile }),
      ...(flags.print === undefined ? {} : { print: flags.print }),
    });
  },
});
