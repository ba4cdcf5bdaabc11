import type { Flags } from "../command.ts";

/** Flags of every index, registry and artifact command. */
export const commonFlags = {
  config: { type: "string", value: "FILE", help: "Configuration file (default /etc/falcoctl/falcoctl.yaml)" },
  "log-level": {
    type: "string",
    value: "LEVEL",
    help: "Least severe level that is logged (default info)",
    choices: ["trace", "debug", "info", "warn", "error"],
  },
  "log-format": {
    type: "string",
    value: "FORMAT",
    help: "How log lines look (default color on a terminal, else text)",
    choices: ["text", "color", "json"],
  },
  "disable-styling": { type: "boolean", help: "As --log-format text, under its old name" },
  verbose: { type: "boolean", short: "v", help: "As --log-level debug, under its old name" },
} as const satisfies Flags;

export const jsonFlag = {
  json: { type: "boolean", help: "Print JSON, for programs" },
} as const satisfies Flags;

/** Flags of commands that talk to registries. */
export const registryFlags = {
  ...commonFlags,
  "plain-http": { type: "boolean", help: "Permit registries without TLS" },
} as const satisfies Flags;

export const platformFlag = {
  platform: { type: "string", value: "OS/ARCH", help: "Platform of the artifact (default this machine's)" },
} as const satisfies Flags;

/** A setting that is on or off: given alone it is on, and it can be given a value. */
const onOff = { type: "string", bare: "true", value: "BOOL", choices: ["true", "false"] } as const;

/** Flags of commands that install. Defaults are decided with the configuration, not here. */
export const installFlags = {
  ...registryFlags,
  "rulesfiles-dir": { type: "string", value: "DIR", help: "Where rules files go (default /etc/falco)" },
  "plugins-dir": {
    type: "string",
    value: "DIR",
    help: "Where plugins go (default /usr/share/falco/plugins)",
  },
  "assets-dir": { type: "string", value: "DIR", help: "Where assets go (default /etc/falco/assets)" },
  "state-dir": {
    type: "string",
    value: "DIR",
    help: "Where installations are noted (default /var/lib/falcoctl)",
  },
  "allowed-types": {
    type: "string",
    value: "TYPES",
    repeat: true,
    help: "Types that may be installed, separated by commas (default all)",
  },
  "no-verify": { ...onOff, help: "Leave out checking signatures (default false)" },
  "trusted-root": {
    type: "string",
    value: "FILE",
    help: "Sigstore trusted_root.json to check signatures with",
  },
} as const satisfies Flags;

export const resolveDepsFlag = {
  "resolve-deps": { ...onOff, help: "Install what the artifacts depend on too (default true)" },
} as const satisfies Flags;

export const typeFlag = {
  type: {
    type: "string",
    value: "TYPE",
    help: "Only artifacts of this type",
    choices: ["rulesfile", "plugin", "asset"],
  },
} as const satisfies Flags;

export const refsArgument = {
  name: "REF",
  help: "Name in an index, or registry/repository, with :TAG or @DIGEST",
} as const;
