import type { Flags } from "./command.ts";

/**
 * The flags of `falco` and `falco run`: every one that Falco has, with its letters and meaning. Those that
 * have only a letter there got a long name as well.
 */
export const runFlags = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    help: "Configuration file instead of /etc/falco/falco.yaml",
  },
  option: {
    type: "string",
    short: "o",
    value: "KEY=VALUE",
    repeat: true,
    help: "Set a key of the configuration, over what its file says: json_output=true, rules_files[]=x.yaml, outputs_queue.capacity=5; a backslash makes a dot, bracket or backslash part of a name",
  },
  rules: {
    type: "string",
    short: "r",
    value: "PATH",
    repeat: true,
    help: "Rules file, or directory of *.yaml and *.yml, instead of those that the configuration names",
  },
  "enable-source": {
    type: "string",
    value: "SOURCE",
    repeat: true,
    help: "Take events from this source only; without effect on a capture file",
  },
  "disable-source": {
    type: "string",
    value: "SOURCE",
    repeat: true,
    help: "Take no events from this source; not together with --enable-source, without effect on a capture file",
  },
  duration: { type: "number", short: "M", value: "SECONDS", help: "Stop after this time" },
  pidfile: { type: "string", short: "P", value: "FILE", help: "Write the process id to this file" },
  unbuffered: {
    type: "boolean",
    short: "U",
    help: "Flush every line of every output at once, for pipes and scripts",
  },
  print: {
    type: "string",
    short: "p",
    value: "FORMAT",
    help: "Deprecated, use -o append_output[]...: append this text to the output of every rule; -pc and -pk are accepted, container and Kubernetes fields are appended anyway",
  },
  verbose: { type: "boolean", short: "v", help: "Say more" },
  "explain-capture": {
    type: "boolean",
    help: "Print what would be watched live, for which rules, and what the probe leaves out, and exit; JSON with -o json_output=true",
  },
  "dry-run": { type: "boolean", help: "Load configuration and rules, then exit without taking events" },
  validate: {
    type: "string",
    short: "V",
    value: "FILE",
    repeat: true,
    help: "Check this rules file and exit",
  },
  "list-rules": {
    type: "boolean",
    short: "L",
    help: "Print every rule's name and description, or all details with -o json_output=true, and exit",
  },
  rule: { type: "string", short: "l", value: "RULE", help: "Like -L, for one rule" },
  list: {
    type: "string",
    value: "SOURCE",
    bare: "",
    help: "Print the fields for conditions and outputs, of all sources or of this one, and exit",
  },
  "list-events": { type: "boolean", help: "Print the events that can be captured and exit" },
  names: { type: "boolean", short: "N", help: "With --list: names only" },
  format: {
    type: "string",
    value: "FORMAT",
    choices: ["text", "markdown", "json"],
    help: "With --list and --list-events: how to print",
  },
  markdown: { type: "boolean", help: "Deprecated, use --format markdown" },
  "ignored-events": {
    type: "boolean",
    short: "i",
    help: "Print the events that are not captured by default, because they are many and change nothing, and exit",
  },
  "list-plugins": { type: "boolean", help: "Print what is to know of each configured plugin and exit" },
  "plugin-info": {
    type: "string",
    value: "PLUGIN",
    help: "Print one plugin's settings and what it can open, by name or path, and exit",
  },
  "config-schema": { type: "boolean", help: "Print the JSON Schema of the configuration and exit" },
  "rule-schema": { type: "boolean", help: "Print the JSON Schema of rules files and exit" },
  "page-size": {
    type: "boolean",
    help: "Print the size of a memory page, which buffer sizes are multiples of, and exit",
  },
  support: {
    type: "boolean",
    help: "Print versions, configuration and rules as JSON for a report, secrets left out, and exit",
  },
  version: { type: "boolean", help: "Print version information and exit" },
} as const satisfies Flags;

const selection = "select rules in the configuration: -o rules[].disable.rule=NAME or rules[].enable.tag=TAG";
const gvisor = "gVisor is not supported: it was deprecated in Falco, and its events cannot be read here";
const metadata = "container and Kubernetes names are found without flags";

/** Flags that Falco had once, and what does their job. */
export const retiredFlags: Readonly<Record<string, string>> = {
  "gvisor-config": gvisor,
  "gvisor-generate-config": gvisor,
  "gvisor-root": gvisor,
  A: "use -o base_syscalls.all=true",
  b: "use -o buffer_format_base64=true",
  cri: metadata,
  d: "let a service manager keep it in the background",
  daemon: "let a service manager keep it in the background",
  D: selection,
  "disable-cri-async": metadata,
  e: "use -o engine.kind=replay -o engine.replay.capture_file=FILE",
  g: "use -o engine.kind=...",
  k: metadata,
  K: metadata,
  "k8s-api": metadata,
  "k8s-node": metadata,
  m: metadata,
  "modern-bpf": "use -o engine.kind=modern_ebpf",
  nodriver: "use -o engine.kind=nodriver",
  s: "use -o metrics.enabled=true -o metrics.output_file=FILE",
  S: "use -o falco_libs.snaplen=BYTES",
  t: selection,
  T: selection,
  userspace: "use -o engine.kind=ptrace",
};
