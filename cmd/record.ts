import { command } from "./command.ts";
import { runFlags } from "./run-flags.ts";

export const record = command({
  name: "record",
  summary: "Record events into a capture file that can be replayed",
  description:
    "Writes what falco sees, and what ran before, into FILE. Without a filter that is every system call.\n" +
    "A filter leaves in what tells who the processes are: forks, execs, exits, changes of user and directory.\n" +
    "Ends after --duration, at --max-size, with Ctrl-C, or at the end of the capture given with --from.",
  examples: [
    "falco record incident.scap",
    "falco record -M 60 --filter 'container.id != host' containers.scap",
    "falco record --max-size 100M --rotate 10 /var/log/falco/ring.scap",
    "falco record --from big.scap --filter 'proc.name=nginx' small.scap",
  ],
  flags: {
    config: runFlags.config,
    option: runFlags.option,
    filter: { type: "string", short: "f", value: "CONDITION", help: "Record only events that satisfy it" },
    duration: { type: "number", short: "M", value: "SECONDS", help: "Stop after this time" },
    "max-size": { type: "string", value: "SIZE", help: "Stop, or rotate, when the file has this size: 100M" },
    rotate: { type: "number", value: "N", help: "With --max-size: go on in a new file and keep the last N" },
    from: { type: "string", value: "CAPTURE", help: "Take events from a capture instead of this machine" },
    "no-compress": { type: "boolean", help: "Write plain blocks instead of gzip" },
    json: { type: "boolean", help: "Print the numbers as JSON" },
  },
  positionals: [{ name: "FILE", help: "Capture file to write; it is replaced if it exists" }],
  run: async ({ flags, positionals }) => {
    const core = await import("../core/record.ts");
    const { printRecording } = await import("./print-recording.ts");
    const result = await core.record({
      path: positionals[0]!,
      overrides: flags.option,
      compress: !flags["no-compress"],
      ...(flags.config === undefined ? {} : { configPath: flags.config }),
      ...(flags.filter === undefined ? {} : { filter: flags.filter }),
      ...(flags.duration === undefined ? {} : { duration: flags.duration }),
      ...(flags["max-size"] === undefined ? {} : { maxSize: flags["max-size"] }),
      ...(flags.rotate === undefined ? {} : { rotate: flags.rotate }),
      ...(flags.from === undefined ? {} : { from: flags.from }),
    });
    printRecording(result, flags.json);
  },
});
