/** How a key's raw value becomes the value a program works with. */
export type Kind = "text" | "switch" | "duration" | "list" | "records";

interface Key<K extends Kind = Kind> {
  readonly kind: K;
  /** Place in falcoctl.yaml, matched without regard to case. The environment variable's name follows from it. */
  readonly path: string;
  /** The command-line flag that sets it, without dashes. */
  readonly flag?: string;
  readonly fallback?: string;
  /** What stands between the items of a list given as one text. */
  readonly separator?: ";" | ",";
  /** Names of a record's fields, in the order in which a variable gives them. */
  readonly fields?: readonly string[];
  /** How many of the fields, counted from the first, must be there. */
  readonly needed?: number;
}

type Extra = Omit<Key, "kind" | "path">;
const text = <E extends Extra>(path: string, extra: E): Key<"text"> & E => ({ kind: "text", path, ...extra });
const onOff = (path: string, extra: Extra): Key<"switch"> => ({ kind: "switch", path, ...extra });
const list = (path: string, extra: Extra): Key<"list"> => ({ kind: "list", path, ...extra });
const records = (path: string, fields: readonly string[], needed: number): Key<"records"> => ({
  kind: "records",
  path,
  fields,
  needed,
});

const rulesfilesDir = { flag: "rulesfiles-dir", fallback: "/etc/falco" };
const pluginsDir = { flag: "plugins-dir", fallback: "/usr/share/falco/plugins" };
const assetsDir = { flag: "assets-dir", fallback: "/etc/falco/assets" };
const stateDir = { flag: "state-dir", fallback: "/var/lib/falcoctl" };

/** Every setting of index, registry and artifact commands: the keys of falcoctl.yaml, each with all its sources. */
export const keys = {
  indexes: records("indexes", ["name", "url", "backend"], 2),
  credentialsFile: text("registry.creds.config", {}),
  basicAuths: records("registry.auth.basic", ["registry", "user", "password"], 3),
  oauthAuths: records("registry.auth.oauth", ["registry", "clientId", "clientSecret", "tokenUrl"], 4),
  gcpAuths: records("registry.auth.gcp", ["registry"], 1),
  allowedTypes: list("artifact.allowedTypes", { separator: ",", flag: "allowed-types" }),
  noVerify: onOff("artifact.noVerify", { flag: "no-verify", fallback: "false" }),
  trustedRoot: text("artifact.trustedRoot", { flag: "trusted-root" }),
  installRefs: list("artifact.install.refs", { separator: ";" }),
  installRulesfilesDir: text("artifact.install.rulesfilesDir", rulesfilesDir),
  installPluginsDir: text("artifact.install.pluginsDir", pluginsDir),
  installAssetsDir: text("artifact.install.assetsDir", assetsDir),
  installStateDir: text("artifact.install.stateDir", stateDir),
  installResolveDeps: onOff("artifact.install.resolveDeps", { flag: "resolve-deps", fallback: "true" }),
  followRefs: list("artifact.follow.refs", { separator: ";" }),
  followRulesfilesDir: text("artifact.follow.rulesfilesDir", rulesfilesDir),
  followPluginsDir: text("artifact.follow.pluginsDir", pluginsDir),
  followAssetsDir: text("artifact.follow.assetsDir", assetsDir),
  followStateDir: text("artifact.follow.stateDir", stateDir),
  followTmpDir: text("artifact.follow.tmpDir", { flag: "tmp-dir" }),
  followEvery: {
    kind: "duration",
    path: "artifact.follow.every",
    flag: "every",
    fallback: "168h",
  } as Key<"duration">,
  followCron: text("artifact.follow.cron", { flag: "cron" }),
  followFalcoVersions: text("artifact.follow.falcoVersions", {
    flag: "falco-versions",
    fallback: "http://localhost:8765/versions",
  }),
  followStartupBehavior: text("artifact.follow.startupBehavior", {
    flag: "startup-behavior",
    fallback: "jitter",
  }),
  followPidFile: text("artifact.follow.pidFile", { flag: "pid-file" }),
} as const satisfies Record<string, Key>;

interface Values {
  /** Absent where nothing sets it and it has no default. */
  readonly text: string | undefined;
  readonly switch: boolean;
  /** Milliseconds. */
  readonly duration: number;
  readonly list: readonly string[];
  /** Absent where nothing sets it, which differs from an empty list. */
  readonly records: readonly Readonly<Record<string, string>>[] | undefined;
}

export type KeyName = keyof typeof keys;
export type AnyKey = Key;

/** The resolved settings, by name. Texts with a default are always there. */
export type Settings = {
  readonly [K in KeyName]: (typeof keys)[K] extends { readonly kind: "text"; readonly fallback: string }
    ? string
    : Values[(typeof keys)[K]["kind"]];
} & {
  /** Which source decided each key, for messages. */
  readonly sources: Readonly<Partial<Record<KeyName, string>>>;
};

/** `artifact.follow.every` is FALCOCTL_ARTIFACT_FOLLOW_EVERY. */
export const variableOf = (path: string): string => "FALCOCTL_" + path.replace(/[.-]/g, "_").toUpperCase();
