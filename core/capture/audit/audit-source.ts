import type { Sink, Source, SourceStats } from "../../event/source.ts";
import { K8S_AUDIT } from "../../fields/ka.ts";
import type { PluginMetric, PluginStart } from "../plugin/plugin.ts";
import type { AuditFeed } from "./audit-feed.ts";
import { AuditQueue } from "./audit-queue.ts";
import type { AuditSettings } from "./audit-settings.ts";
import { AuditFileFollower } from "./file-follower.ts";
import { AuditFileReader } from "./file-reader.ts";
import { Intake, LOSS_CAUSES } from "./intake.ts";
import { type AuditOrigin, auditOrigin } from "./open-params.ts";
import { AuditWebhook } from "./webhook.ts";

type Log = PluginStart["log"];

function feedOf(origin: AuditOrigin, settings: AuditSettings, intake: Intake, log: Log): AuditFeed {
  if (origin.kind === "webhook") return new AuditWebhook(origin, settings, intake, log);
  return origin.kind === "read"
    ? new AuditFileReader(origin.path, intake, settings.webhookMaxBatchSize)
    : new AuditFileFollower(origin.file, intake, settings.webhookMaxBatchSize);
}

/** Kubernetes audit events, from a webhook or from files, as records of plugin events. */
export class AuditSource implements Source {
  readonly name = K8S_AUDIT;
  readonly acknowledges = true;
  readonly #queue: AuditQueue;
  readonly #intake: Intake;
  readonly #feed: AuditFeed;

  /** `id` is the plugin's number. Throws PLUGIN_OPEN for open parameters that can't be. */
  constructor(id: number, params: string, settings: AuditSettings, log: Log) {
    this.#queue = new AuditQueue(id);
    this.#intake = new Intake(this.#queue, { maxEventSize: settings.maxEventSize, log });
    this.#feed = feedOf(auditOrigin(params), settings, this.#intake, log);
  }

  open(): void {
    this.#feed.open();
  }

  pump(sink: Sink, timeoutMs: number): number | Promise<number> {
    if (!this.#queue.isEmpty) return this.#queue.drain(sink);
    return timeoutMs > 0 ? this.#wait(sink, timeoutMs) : 0;
  }

  async #wait(sink: Sink, timeoutMs: number): Promise<number> {
    const goesOn = await this.#feed.fill(timeoutMs);
    if (!this.#queue.isEmpty) return this.#queue.drain(sink);
    return goesOn ? 0 : -1;
  }

  stats(): SourceStats {
    return { seen: this.#queue.taken + this.#intake.lost, dropped: this.#intake.losses };
  }

  /** Its numbers, for the metrics. */
  metrics(): PluginMetric[] {
    const counter = (name: string, value = 0): PluginMetric => ({ name, value, kind: "counter" });
    const { losses } = this.#intake;
    return [
      counter("n_events", this.#queue.taken),
      ...LOSS_CAUSES.map((cause) => counter(`n_lost_${cause}`, losses[cause])),
    ];
  }

  close(): void {
    this.#feed.close();
    this.#queue.clear();
  }
}
