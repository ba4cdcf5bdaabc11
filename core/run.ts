import { existsSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Api } from "./api.ts";
import { pluginVersions } from "./capture/plugin/find.ts";
import type { PluginSetting } from "./capture/plugin/plugin.ts";
import { chosenRules } from "./chosen-rules.ts";
import type { ConfigLayer } from "./config/layer.ts";
import { type LoadedConfig, loadConfig } from "./config/load.ts";
import { diffConfig } from "./config/settings.ts";
import { ConfigWatcher } from "./config/watch.ts";
import { clearAfterReload, clearAfterStart, clearNow } from "./engine/after-start.ts";
import { EngineGroup, type GroupStats } from "./engine/engine-group.ts";
import type { RulesInput, RulesReport } from "./engine/ruleset.ts";
import type { EngineStart } from "./engine/source-spec.ts";
import { FalcoError, reasonOf } from "./errors.ts";
import { enabledSources, type SourceChoice } from "./event-sources.ts";
import { mapOwnTextSparingly } from "./ffi/own-text.ts";
import { createLog, type Log } from "./log.ts";
import { OutputQueue } from "./outputs/outputs.ts";
import { checkPlugins, loadedPlugins } from "./plugins.ts";
import { invalidRules, reloadFailure, tellRestartKeys } from "./reload.ts";
import { SelfMetrics } from "./self-metrics.ts";
import { Services } from "./services.ts";
import { engineStart, engineStarts, logOptions, rulesInput } from "./settings.ts";
import {
  announce,
  tellEngine,
  tellPlugins,
  tellPrintIsOld,
  tellRules,
  tellRuntimes,
  tellSelections,
  tellSources,
  tellStatistics,
  tellSystem,
} from "./start-log.ts";
import { SyslogSocket } from "./syslog.ts";
import { TracedWorkload, type TraceOptions } from "./traced-workload.ts";

export interface RunOptions {
  /** `-c` */
  readonly configPath?: string;
  /** Each `-o`, in order. */
  readonly overrides: readonly string[];
  /** Each `-r`; instead of the configuration's files. */
  readonly rules: readonly string[];
  readonly dryRun: boolean;
  /** Seconds after which to stop. */
  readonly duration?: number;
  readonly pidfile?: string;
  /** `-p`: text appended to every output. */
  readonly print?: string;
  readonly unbuffered: boolean;
  /** `-v`: print how many events there were and what they cost. */
  readonly verbose?: boolean;
  /** `--enable-source`, `--disable-source` */
  readonly sources?: SourceChoice;
  /** Watch this workload only; its standard output stays its own. */
  readonly trace?: TraceOptions;
}

const ALL_SOURCES: SourceChoice = { enable: [], disable: [] };
const STDERR = 2;
const SYSLOG_SOCKET = "/dev/log";

/**
 * Runs falco: configuration, rules, engine, outputs, until the source ends or a signal comes. Returns the exit code.
 * The composition root: the one place where sources, state, engine and outputs meet.
 */
export async function run(options: RunOptions): Promise<number> {
  const workload = options.trace && new TracedWorkload(options.trace);
  const loaded = configOf(options);
  // What serves the API is most of this program's code, and few run it.
  const api = loaded.config.grpc.enabled ? (await import("./api.ts")).Api : undefined;
  return await new Run(options, { workload, loaded, api }).go();
}

function configOf({ configPath, overrides }: RunOptions, layer?: ConfigLayer): LoadedConfig {
  return loadConfig({
    overrides,
    ...(configPath === undefined ? {} : { path: configPath }),
    ...(layer === undefined ? {} : { layer }),
  });
}

const tooManyDrops = (): FalcoError =>
  new FalcoError("DROPS", "Stopped: more system calls were lost than syscall_event_drops.threshold allows", {
    hint: 'its actions include "exit"',
  });

/** What a run begins with. */
interface RunParts {
  readonly workload: TracedWorkload | undefined;
  readonly loaded: LoadedConfig;
  /** The gRPC API, if it is enabled. */
  readonly api: typeof Api | undefined;
}

class Run {
  readonly #options: RunOptions;
  readonly #hostname = process.env.FALCO_HOSTNAME || hostname();
  #loaded: LoadedConfig;
  /** Those that were loaded at the start: a reload keeps them. */
  readonly #plugins: readonly PluginSetting[];
  readonly #log: Log;
  readonly #outputs: OutputQueue;
  readonly #engines: EngineGroup;
  readonly #metrics: SelfMetrics;
  readonly #services: Services;
  readonly #workload: TracedWorkload | undefined;
  /** The gRPC API, if it is enabled. */
  readonly #api: Api | undefined;
  #watcher: ConfigWatcher | undefined;
  #report: RulesReport | undefined;
  #stopping = false;
  #reloadWaits = false;
  readonly #started = Promise.withResolvers<void>();
  /** What is asked for during the start waits for its end. */
  #reloading: Promise<void> = this.#started.promise;

  constructor(options: RunOptions, { workload, loaded, api }: RunParts) {
    this.#options = options;
    this.#workload = workload;
    this.#loaded = loaded;
    this.#plugins = loadedPlugins(this.#loaded);
    checkPlugins(this.#plugins);
    const { config } = this.#loaded;
    const syslog = new SyslogSocket();
    this.#log = createLog(logOptions(config), {
      syslog: {
        send: (severity, text) => {
          try {
            syslog.send(severity, text);
          } catch {
            // No daemon listens; standard error has the line as well.
          }
        },
      },
    });
    this.#api = api && this.#makeApi(api);
    // What the API's clients have set in an earlier run is part of the configuration.
    if (this.#api) this.#loaded = this.#loadConfig();
    this.#outputs = new OutputQueue(this.#outputOptions(), {
      ...(this.#api ? { grpc: this.#api.output } : {}),
      ...(this.#workload ? { stdout: STDERR } : {}),
      log: (level, message) => this.#log.log(level, message),
      onFatal: (reason) => {
        this.#log.log("critical", `Cannot go on: ${reason}`);
        process.exit(1);
      },
    });
    this.#engines = new EngineGroup({
      onAlerts: async (alerts) => {
        for (const alert of alerts) {
          this.#outputs.push(alert);
          if (this.#isReplay && this.#outputs.crowded) await this.#outputs.room();
        }
      },
      onLog: (level, message) => this.#log.log(level, message),
      onLibsLog: (level, message) => this.#log.libs(level, message),
      onCapturing: () => {
        // What a capture costs is seen at once.
        if (this.#isReplay) clearNow();
        else clearAfterStart();
      },
    });
    this.#metrics = new SelfMetrics(this.#loaded, this.#outputs, this.#hostname);
    this.#services = new Services({
      metrics: this.#metrics,
      outputs: this.#outputs,
      plugins: pluginVersions(this.#plugins),
      stats: () => this.#engines.stats(),
      log: (level, message) => this.#log.log(level, message),
    });
  }

  get #isReplay(): boolean {
    return this.#loaded.config.engine.kind === "replay";
  }

  #makeApi(made: typeof Api): Api {
    return new made(this.#loaded.config, {
      loaded: () => this.#loaded,
      tryConfig: (layer) => this.#loadConfig(layer),
      reload: () => this.#takeOn(),
      rules: () => this.#rulesInput(),
      loadRules: (input) => this.#engines.loadRules(input),
      push: (alert) => this.#outputs.push(alert),
      stats: () => this.#engines.stats(),
      log: (level, message) => this.#log.log(level, message),
    });
  }

  #loadConfig(layer: ConfigLayer | undefined = this.#api?.layer): LoadedConfig {
    return configOf(this.#options, layer);
  }

  #outputOptions(): LoadedConfig["config"] {
    const { config, files } = this.#loaded;
    const { unbuffered, overrides } = this.#options;
    const asked = files.length > 0 || overrides.some((option) => option.startsWith("syslog_output"));
    return {
      ...config,
      ...(unbuffered ? { buffered_outputs: false } : {}),
      // Nobody asked for syslog, and no daemon listens (in a container, most often): alerts are not sent there.
      ...(asked || existsSync(SYSLOG_SOCKET)
        ? {}
        : { syslog_output: { ...config.syslog_output, enabled: false } }),
    };
  }

  async go(): Promise<number> {
    // Before the engines start: one may alert, and be told to stop, while another still loads. A workload of ours gets its
    // signals itself, as soon as there is one.
    const release = this.#workload?.isOurs ? () => {} : this.#handleSignals();
    try {
      return await this.#go();
    } finally {
      release();
      this.#engines.terminate();
    }
  }

  async #go(): Promise<number> {
    announce(this.#log, this.#loaded);
    const start = this.#engineStart(this.#loaded);
    if (this.#options.print !== undefined) tellPrintIsOld(this.#log);
    tellSystem(this.#log, start.source);
    tellPlugins(this.#log, this.#plugins);
    if (this.#plugins.some(({ name }) => name === "container")) tellRuntimes(this.#log, start.containers);
    const rules = this.#allRules();
    const starts = engineStarts(start, this.#enabledSources(rules.sources));
    tellSelections(this.#log, rules.selections);
    this.#log.log("info", "Loading rules from:");
    mapOwnTextSparingly();
    this.#report = await this.#engines.start(starts, rules, this.#options.dryRun);
    tellRules(this.#log, this.#report);
    if (!this.#report.ok) return 1;
    if (this.#options.dryRun) return await this.#end("Dry run: configuration and rules are good.");
    this.#writePidfile();
    const release = this.#workload?.isOurs ? this.#handleSignals() : () => {};
    tellSources(
      this.#log,
      starts.map(({ source }) => source),
      this.#loaded.config,
    );
    const timer = this.#stopLater();
    try {
      if (!this.#stopping) await this.#serve();
      const stats = await this.#ended();
      if (this.#options.verbose) tellEngine(stats, start.source);
      if (!this.#workload) tellStatistics(stats, this.#outputs.counts, this.#report?.rules ?? []);
      if (stats.monitoring.gaveUp) throw tooManyDrops();
      return this.#workload?.exitCode ?? 0;
    } finally {
      clearTimeout(timer);
      release();
      this.#watcher?.close();
      await this.#api?.stop();
      await this.#services.stop();
      this.#removePidfile();
    }
  }

  async #serve(): Promise<void> {
    this.#watch();
    this.#services.start(this.#loaded);
    await this.#api?.start();
    this.#started.resolve();
  }

  /** Waits for the engines to end, well or not, and for what they have found to be on its way. */
  async #ended(): Promise<GroupStats> {
    try {
      const stats = await this.#engines.ended;
      if (this.#isReplay) await this.#outputs.emptied();
      return stats;
    } finally {
      await this.#outputs.drain(this.#loaded.config.output_timeout);
    }
  }

  #enabledSources(loaded: readonly string[]): readonly string[] {
    // A capture has the sources that it has, a workload that of its system calls.
    if (this.#isReplay) return loaded;
    return this.#workload ? ["syscall"] : enabledSources(this.#options.sources ?? ALL_SOURCES, loaded);
  }

  async #end(message: string): Promise<number> {
    this.#log.log("info", message);
    await this.#outputs.drain(this.#loaded.config.output_timeout);
    return 0;
  }

  #rulesInput(): RulesInput {
    const files = chosenRules(this.#options.rules, this.#loaded);
    this.#metrics.loaded(this.#loaded, files);
    return rulesInput(this.#loaded.config, files, this.#options.print, this.#plugins);
  }

  /** The configured rules, and those made through the API. */
  #allRules(): RulesInput {
    const input = this.#rulesInput();
    return this.#api?.withRules(input) ?? input;
  }

  /** Reloads when a file of the configuration or rules changes, if that is wanted. */
  #watch(): void {
    const { config, files, directories, readAt } = this.#loaded;
    if (!config.watch_config_files) return;
    const rules = this.#options.rules.length > 0 ? this.#options.rules : config.rules_files;
    const isDirectory = (path: string): boolean =>
      statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const watched = [...files.map(({ path }) => path), ...rules];
    this.#watcher?.close();
    this.#watcher = new ConfigWatcher({
      files: watched.filter((path) => !isDirectory(path)),
      directories: [...directories, ...watched.filter(isDirectory)],
      since: readAt,
      onChange: () => {
        this.#log.log("info", "A configuration or rules file has changed");
        this.#reload();
      },
      onError: (message) => this.#log.log("warning", message),
    });
  }

  #handleSignals(): () => void {
    const stop = (signal: NodeJS.Signals): void => {
      if (this.#stopping) return;
      this.#stopping = true;
      this.#log.log("info", `${signal} received, exiting...`);
      this.#engines.stop();
      this.#outputs.hurry();
    };
    const reopen = (): void => {
      this.#log.log("info", "SIGUSR1 received, reopening outputs...");
      void this.#outputs.reopen();
    };
    const forward = (signal: NodeJS.Signals): void => this.#workload?.forward(signal);
    const handlers = this.#workload?.isOurs
      ? {
          SIGINT: forward,
          SIGTERM: forward,
          SIGHUP: forward,
          SIGUSR1: forward,
          SIGUSR2: forward,
          SIGQUIT: forward,
        }
      : { SIGINT: stop, SIGTERM: stop, SIGHUP: () => this.#reload(), SIGUSR1: reopen };
    for (const [signal, handler] of Object.entries(handlers)) process.on(signal as NodeJS.Signals, handler);
    return () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    };
  }

  /** One reload after the other; each reads the files anew, so one that waits serves all who ask meanwhile. */
  #reload(): void {
    this.#log.log("info", "SIGHUP received, restarting...");
    if (this.#reloadWaits) return;
    this.#reloadWaits = true;
    this.#reloading = this.#reloading.then(() => {
      this.#reloadWaits = false;
      return this.#reloadNow();
    });
  }

  /** Takes on new configuration and rules; when they are bad the old ones stay, and what runs goes on. */
  async #reloadNow(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#takeOn();
      await this.#api?.rulesLoaded();
    } catch (error) {
      const picture = error instanceof FalcoError ? error.format() : reasonOf(error);
      this.#log.log("error", `Cannot reload, going on as before: ${picture}`);
      this.#outputs.push(reloadFailure(error, this.#hostname));
    }
  }

  async #takeOn(): Promise<void> {
    const before = this.#loaded;
    try {
      this.#loaded = this.#loadConfig();
      const start = this.#engineStart(this.#loaded);
      const report = await this.#engines.loadRules(this.#allRules());
      tellRules(this.#log, report);
      if (!report.ok) throw invalidRules(report);
      this.#report = report;
      if (JSON.stringify(start) !== JSON.stringify(this.#engineStart(before))) this.#engines.configure(start);
      this.#log.configure(logOptions(this.#loaded.config));
      await this.#outputs.reconfigure(this.#outputOptions());
      await this.#services.reconfigure(before, this.#loaded);
      this.#watch();
      tellRestartKeys(this.#log, diffConfig(before, this.#loaded));
    } catch (error) {
      this.#loaded = before;
      throw error;
    } finally {
      if (!this.#isReplay) clearAfterReload();
    }
  }

  #engineStart({ config }: LoadedConfig): EngineStart {
    return engineStart(config, {
      workload: this.#workload?.spec,
      duration: this.#options.duration,
      plugins: this.#plugins,
    });
  }

  #stopLater(): ReturnType<typeof setTimeout> | undefined {
    const { duration } = this.#options;
    // A replay counts the time of its events.
    if (duration === undefined || this.#isReplay) return;
    return setTimeout(() => this.#engines.stop(), duration * 1000);
  }

  #writePidfile(): void {
    const { pidfile } = this.#options;
    if (pidfile === undefined) return;
    try {
      writeFileSync(pidfile, `${process.pid}\n`);
    } catch (cause) {
      throw new FalcoError("PIDFILE", `Could not write pid to pidfile ${pidfile}: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }

  #removePidfile(): void {
    const { pidfile } = this.#options;
    if (pidfile !== undefined) unlinkSync(pidfile);
  }
}
