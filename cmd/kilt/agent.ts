import { command } from "../command.ts";

export const agent = command({
  name: "agent",
  summary: "Work on the container that this one shares its processes with (for falco kilt patch)",
  examples: [
    "falco kilt agent upload /bin/tool 755 0:0 1024 < tool",
    "falco kilt agent start -- /bin/tool -v",
  ],
  positionals: [
    { name: "ACTION", help: "upload PATH MODE UID:GID SIZE, start -- RUN..., or undo -- PATH..." },
    { name: "WORD", help: "what the action takes", optional: true, repeat: true },
  ],
  rest: { name: "WORD", help: "program and its words, or paths", optional: true, repeat: true },
  flags: {
    process: { type: "string", value: "PID:START", help: "Process to end (undo)", repeat: true },
  },
  run: async ({ flags, positionals, rest }) => {
    const { runAgent } = await import("../../kilt/pod/run-agent.ts");
    await runAgent(positionals, rest, flags.process, Bun.stdin.stream());
    return 0;
  },
});
