import { command } from "../command.ts";
import { installFlags, refsArgument } from "./flags.ts";

export const follow = command({
  name: "follow",
  summary: "Keep artifacts current",
  description:
    "Looks for new versions of what is named, or else of artifact.follow.refs, and installs those that the running " +
    "engine can use. An engine that watches its files takes them up by itself; another can be told by --pid-file.",
  examples: [
    "falco artifact follow falco-rules:3",
    "falco artifact follow falco-rules:3 --every 6h --startup-behavior immediate",
    'falco artifact follow my-rules:1 --cron "0 3 * * *" --pid-file /run/falco.pid',
  ],
  flags: {
    ...installFlags,
    every: { type: "string", short: "e", value: "DURATION", help: "How often to look (default 168h)" },
    cron: { type: "string", value: "EXPRESSION", help: "When to look, in place of --every" },
    "falco-versions": {
      type: "string",
      value: "URL",
      help: "Where the engine tells its versions (default http://localhost:8765/versions)",
    },
    "tmp-dir": { type: "string", value: "DIR", help: "Where to download to" },
    timeout: {
      type: "string",
      value: "DURATION",
      help: "How long to wait for the engine's versions at the start",
      default: "2m",
    },
    "startup-behavior": {
      type: "string",
      value: "HOW",
      help: "First look: skip, jitter or immediate (default jitter)",
    },
    "pid-file": {
      type: "string",
      value: "FILE",
      help: "File with the id of a process that gets SIGHUP after a change",
    },
  },
  positionals: [{ ...refsArgument, optional: true, repeat: true }],
  run: async ({ flags, positionals }) => {
    const { openContext } = await import("../../artifacts/context.ts");
    const { runFollow } = await import("../../artifacts/follow/run-follow.ts");
    await runFollow(await openContext(flags), positionals, flags.timeout);
    return 0;
  },
});
