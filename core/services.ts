import type { LoadedConfig } from "./config/load.ts";
import type { GroupStats } from "./engine/engine-group.ts";
import { reasonOf } from "./errors.ts";
import type { LogLevel } from "./log.ts";
import { metricsPage } from "./metrics/prometheus.ts";
import { MetricsReporter } from "./metrics/reporter.ts";
import type { OutputQueue } from "./outputs/outputs.ts";
import type { SelfMetrics } from "./self-metrics.ts";
import { startWebServer, type WebServer } from "./server/web.ts";
import { versionInfo } from "./versions.ts";

const STATS_MS = 1000;

export interface ServicesDeps {
  readonly metrics: SelfMetrics;
  readonly outputs: OutputQueue;
  /** Versions of the loaded plugins, by name. */
  readonly plugins: Readonly<Record<string, string>>;
  readonly stats: () => Promise<GroupStats>;
  readonly log: (level: LogLevel, message: string) => void;
}

/** What runs beside the engine and tells about it: the web server and the metrics snapshots. */
export class Services {
  readonly #deps: ServicesDeps;
  #web: WebServer | undefined;
  #reporter: MetricsReporter | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(deps: ServicesDeps) {
    this.#deps = deps;
  }

  /** Starts what the configuration asks for. Throws FalcoError when a port is taken, a certificate unusable. */
  start(loaded: LoadedConfig): void {
    const { config } = loaded;
    const { metrics, outputs, log } = this.#deps;
    if (config.metrics.enabled) {
      this.#timer = setInterval(() => void this.#refresh(), STATS_MS);
      this.#timer.unref();
      this.#reporter = new MetricsReporter(config.metrics, {
        input: () => metrics.input(),
        push: (alert) => outputs.push(alert),
        log,
      });
      this.#reporter.start();
    }
    if (config.webserver.enabled) this.#serve(loaded);
  }

  /** Takes on other settings: what they concern starts again, the rest goes on. */
  async reconfigure(before: LoadedConfig, after: LoadedConfig): Promise<void> {
    const settings = ({ config }: LoadedConfig): string => JSON.stringify([config.metrics, config.webserver]);
    if (settings(before) === settings(after)) return;
    await this.stop();
    this.start(after);
  }

  #serve({ config, files }: LoadedConfig): void {
    const { metrics, plugins, log } = this.#deps;
    const exposes = config.metrics.enabled && config.webserver.prometheus_metrics_enabled;
    try {
      this.#web = startWebServer(config.webserver, {
        versions: () => versionInfo(plugins),
        ...(exposes ? { metrics: () => metricsPage(metrics.input(), config.metrics) } : {}),
      });
    } catch (error) {
      if (files.length > 0) throw error;
      // Nobody asked for it: a port that another falco has is no reason not to watch.
      log("warning", `${reasonOf(error)}; going on without it`);
      return;
    }
    const { listen_address, ssl_enabled } = config.webserver;
    log(
      "info",
      `Starting health webserver with threadiness 1, listening on ${listen_address}:${this.#web.port}`,
    );
    if (ssl_enabled) log("info", "The webserver speaks HTTPS");
  }

  async #refresh(): Promise<void> {
    this.#deps.metrics.stats = await this.#deps.stats();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const [reporter, web] = [this.#reporter, this.#web];
    this.#reporter = undefined;
    this.#web = undefined;
    await reporter?.stop();
    await web?.stop();
  }
}
