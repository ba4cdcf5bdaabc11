import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { InputSources } from "./capture/inputs/input-sources.ts";
import type { ConfigLayer } from "./config/layer.ts";
import type { LoadedConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { HIDDEN, settingsOf } from "./config/settings.ts";
import { ApiEngine } from "./engine/api-engine.ts";
import type { EngineStats } from "./engine/messages.ts";
import type { RulesInput, RulesReport } from "./engine/ruleset.ts";
import { FalcoError, reasonOf } from "./errors.ts";
import { FIELD_CLASSES } from "./fields/all.ts";
import type { LogLevel } from "./log.ts";
import type { Alert } from "./outputs/alert.ts";
import type { Output } from "./outputs/output.ts";
import type { ConfigInfo, ConfigLayer as Settings } from "./server/grpc/backend.ts";
import { ConfigStore } from "./server/grpc/config-store.ts";
import { DropLedger } from "./server/grpc/drop-ledger.ts";
import { OutputHub } from "./server/grpc/hub.ts";
import { hubOutput } from "./server/grpc/hub-output.ts";
import { RULES_FILE, RulesStore } from "./server/grpc/rules-store.ts";
import { type GrpcServer, startGrpcServer } from "./server/grpc/server.ts";
import { socketOwner } from "./server/grpc/socket-owner.ts";
import { VERSIONS } from "./versions.ts";

const CONFIG_FILE = "falco_api_config.yaml";
const STATS_MS = 1000;

export interface ApiDeps {
  /** The configuration in effect. */
  readonly loaded: () => LoadedConfig;
  /** Reads the configuration with other settings of the API over it. Throws when they are not valid. */
  readonly tryConfig: (layer: ConfigLayer) => LoadedConfig;
  /** Takes on configuration and rules anew. Throws, with all as before, when they are not good. */
  readonly reload: () => Promise<void>;
  /** The configured rules, without the API's. */
  readonly rules: () => RulesInput;
  readonly loadRules: (input: RulesInput) => Promise<RulesReport>;
  readonly push: (alert: Alert) => void;
  readonly stats: () => Promise<EngineStats>;
  readonly log: (level: LogLevel, message: string) => void;
}

/** Names what rules can say: changes when a field comes, goes or changes its type. */
function fieldsChecksum(): string {
  const hash = createHash("sha256");
  for (const { fields } of FIELD_CLASSES)
    for (const { name, type } of fields) hash.update(`${name} ${type}\n`);
  return hash.digest("hex");
}

/** The gRPC API of a running falco: its server, and what stands behind each of the services. */
export class Api {
  /** Takes the alerts for subscribers. */
  readonly output: Output;
  readonly #deps: ApiDeps;
  readonly #directory: string | undefined;
  readonly #hub: OutputHub;
  readonly #drops = new DropLedger();
  readonly #rules: RulesStore;
  readonly #configs: ConfigStore;
  readonly #engine: ApiEngine;
  #layer: Settings;
  #server: GrpcServer | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #seen: Readonly<Record<string, number>> = {};

  /** Throws when what an earlier run stored can't be read. */
  constructor(config: Config, deps: ApiDeps) {
    this.#deps = deps;
    this.#directory = config.grpc.state_dir || undefined;
    this.#hub = new OutputHub({
      mode: config.grpc_output.delivery,
      onDrop: (cause, count) => this.#drops.add("outputs", cause, count),
    });
    this.output = hubOutput(this.#hub);
    this.#rules = new RulesStore(this.#directory);
    this.#configs = new ConfigStore(this.#directory && join(this.#directory, CONFIG_FILE));
    this.#layer = this.#configs.layer;
    this.#engine = new ApiEngine({
      input: deps.rules,
      document: this.#document,
      hostname: process.env.FALCO_HOSTNAME || hostname(),
      onAlert: deps.push,
      onRules: async (content) => {
        const report = await deps.loadRules(this.#with(deps.rules(), content));
        const refused = report.files.find((file) => !file.successful);
        if (refused)
          throw new FalcoError("API_PRECONDITION", `Cannot load rules: ${refused.failure?.message}`);
      },
      onFailure: (source, error) => deps.log("error", `Input "${source}" failed: ${reasonOf(error)}`),
    });
    this.#rules.connect(this.#engine);
    this.#configs.connect({ list: () => this.#settings(), apply: (layer) => this.#applySettings(layer) });
  }

  /** The settings that go over the configured ones. */
  get layer(): ConfigLayer {
    return this.#layerOf(this.#layer);
  }

  /** The configured rules and the API's, as the engine's thread takes them. */
  withRules(input: RulesInput): RulesInput {
    return this.#with(input, this.#rules.content);
  }

  /** Rules have been loaded, at the start or by a reload: the API shows those. */
  async rulesLoaded(): Promise<void> {
    await this.#engine.refresh(this.#rules.content);
  }

  /** Starts the server. When it can't be had the log says why, and falco runs without it, as it always did. */
  async start(): Promise<void> {
    const { grpc } = this.#deps.loaded().config;
    const { log } = this.#deps;
    try {
      await this.rulesLoaded();
      this.#server = await startGrpcServer({
        bindAddress: grpc.bind_address,
        certificates: {
          privateKey: grpc.private_key,
          certChain: grpc.cert_chain,
          rootCerts: grpc.root_certs,
        },
        socket: socketOwner(grpc.socket_owner),
        limits: { admins: grpc.admins },
        version: {
          version: VERSIONS.falco,
          engineVersion: VERSIONS.engine,
          engineFieldsChecksum: fieldsChecksum(),
        },
        hub: this.#hub,
        drops: this.#drops,
        rules: this.#rules,
        configs: this.#configs,
        inputs: new InputSources(this.#engine),
        log,
      });
    } catch (error) {
      log("error", error instanceof FalcoError ? error.format() : `Cannot serve gRPC: ${reasonOf(error)}`);
      return;
    }
    this.#timer = setInterval(() => void this.#countDrops(), STATS_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#engine.stop();
    await this.#server?.close();
  }

  get #document(): string {
    return this.#directory === undefined ? RULES_FILE : join(this.#directory, RULES_FILE);
  }

  #with(input: RulesInput, content: string): RulesInput {
    if (content === "") return input;
    return { ...input, files: [...input.files, { name: this.#document, content }] };
  }

  #layerOf(settings: Settings): ConfigLayer {
    const text = Object.keys(settings).length === 0 ? "" : stringify(settings);
    return { name: this.#directory === undefined ? "API" : join(this.#directory, CONFIG_FILE), text };
  }

  #settings(): ConfigInfo[] {
    return settingsOf(this.#deps.loaded()).map(({ key, value, actual, restart }) => ({
      key,
      value,
      actual,
      secret: value === HIDDEN,
      restart,
    }));
  }

  async #applySettings(settings: Settings): Promise<void> {
    const before = this.#layer;
    this.#deps.tryConfig(this.#layerOf(settings));
    this.#layer = settings;
    try {
      await this.#deps.reload();
      await this.rulesLoaded();
    } catch (error) {
      this.#layer = before;
      throw error;
    }
  }

  /** Reports what capture and the way out of its thread have lost since the last time. */
  async #countDrops(): Promise<void> {
    const { drops, alertsDropped } = await this.#deps.stats();
    const now: Record<string, number> = { "outputs alerts_behind": alertsDropped };
    for (const [cause, count] of Object.entries(drops)) now[`syscall ${cause}`] = count;
    for (const [kind, count] of Object.entries(now)) {
      const further = count - (this.#seen[kind] ?? 0);
      const [source, cause] = kind.split(" ") as [string, string];
      if (further > 0) this.#drops.add(source, cause, further);
    }
    this.#seen = now;
  }
}
