import { AccompaniedSource } from "../capture/plugin/accompanied-source.ts";
import { concernsSource, findPlugin } from "../capture/plugin/find.ts";
import type { Plugin, PluginMetric, PluginSetting, RunningPlugin } from "../capture/plugin/plugin.ts";
import type { Source } from "../event/source.ts";
import type { Context, FieldClass } from "../fields/field.ts";
import type { LibsLevel } from "../log.ts";
import type { State } from "../state/state.ts";

interface Started {
  readonly plugin: Plugin;
  readonly setting: PluginSetting;
  /** Absent when the plugin has nothing to do with this thread's events. */
  readonly running: RunningPlugin | undefined;
}

/** The plugins of one engine's thread: each engine has its own, as each has its own state. */
export class PluginHost {
  readonly #all: Started[] = [];

  /**
   * Starts the plugins that have to do with an event source, or all of them where any may occur. Throws a FalcoError
   * when one does not start; the others are ended then.
   */
  constructor(
    settings: readonly PluginSetting[],
    source: string | undefined,
    { state, log }: { state: State; log: (level: LibsLevel, message: string) => void },
  ) {
    try {
      for (const setting of settings) {
        const plugin = findPlugin(setting);
        const running =
          source === undefined || concernsSource(plugin, source)
            ? plugin.start({ config: setting.config, state, log })
            : undefined;
        this.#all.push({ plugin, setting, running });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Fields of all plugins; those that run here can be read. */
  get fields(): FieldClass[] {
    return this.#all.flatMap(({ plugin, running }) => running?.fields ?? plugin.fields);
  }

  /** The source that a plugin brings; state takes its events for that plugin's. */
  open(name: string, state: State): Source {
    const found = this.#all.find(({ plugin }) => plugin.info.name === name);
    if (!found?.running?.open) throw new Error(`plugin ${name} brings no event source`);
    const source = found.running.open(found.setting.openParams);
    state.sourceName = source.name;
    state.plugin = eventPlugin(found);
    return source;
  }

  /** The source and the plugin of the events that carry a plugin's number. */
  ofNumber(id: number): { readonly source: string; readonly plugin: State["plugin"] } | undefined {
    const found = this.#all.find(({ plugin }) => plugin.source?.id === id);
    return found?.plugin.source && { source: found.plugin.source.name, plugin: eventPlugin(found) };
  }

  /** What the plugins say of themselves, `PLUGIN.NAME`. */
  metrics(): PluginMetric[] {
    return this.#all.flatMap(({ plugin, running }) =>
      (running?.metrics?.() ?? []).map((metric) => ({
        ...metric,
        name: `${plugin.info.name}.${metric.name}`,
      })),
    );
  }

  /** Plugins that look at every event before rules do. */
  get parsers(): ((context: Context) => void)[] {
    return this.#running.flatMap(({ parse }) => parse ?? []);
  }

  get #running(): RunningPlugin[] {
    return this.#all.flatMap(({ running }) => running ?? []);
  }

  /** Tells the plugins that the source has been opened; returns it, with what they do between its events. */
  opened(source: Source, isLive: boolean): Source {
    const id = this.#all.find(({ plugin }) => plugin.source?.name === source.name)?.plugin.source?.id ?? 0;
    for (const running of this.#running) running.opened?.({ id, source: source.name, isLive });
    const between = this.#running.flatMap((running) => running.between ?? []);
    return between.length === 0 ? source : new AccompaniedSource(source, between);
  }

  /** Tells the plugins that the source is about to be closed. */
  closed(): void {
    for (const running of this.#running) running.closed?.();
  }

  /** Ends all of them. */
  close(): void {
    for (const { running } of this.#all.splice(0)) running?.destroy();
  }
}

const eventPlugin = ({ plugin, running }: Started): State["plugin"] => ({
  name: plugin.info.name,
  describe: (event) => running?.describe?.(event),
});
