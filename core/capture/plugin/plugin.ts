import type { EventCursor } from "../../event/cursor.ts";
import type { Sink, Source } from "../../event/source.ts";
import type { Context, FieldClass } from "../../fields/field.ts";
import type { LibsLevel } from "../../log.ts";
import type { State } from "../../state/state.ts";

/** What a plugin says of itself. */
export interface PluginInfo {
  readonly name: string;
  readonly description: string;
  readonly contact: string;
  /** `MAJOR.MINOR.PATCH`: what `required_plugin_versions` of rules files is compared with. */
  readonly version: string;
  /** `Event Sourcing`, `Field Extraction`, `Event Parsing`, `Async Events`, `Capture Listening`. */
  readonly capabilities: readonly string[];
  /** JSON Schema of `init_config`; absent when any text will do. */
  readonly initSchema?: object;
}

/** The event source that a plugin brings. */
export interface PluginEventSource {
  /** As rules name it: `k8s_audit`. */
  readonly name: string;
  /** The registered number that its records (PLUGINEVENT_E) carry. */
  readonly id: number;
}

/** An example of what a source can be opened with. */
export interface OpenParam {
  readonly value: string;
  readonly description?: string;
  readonly separator?: string;
}

/** A number that a plugin keeps of itself. */
export interface PluginMetric {
  readonly name: string;
  readonly value: number;
  readonly kind: "counter" | "gauge";
}

/** The source that a plugin's thread takes events from. */
export interface OpenedCapture {
  /** The number of the plugin that brings it; 0 for system calls. */
  readonly id: number;
  /** Its name as rules have it. */
  readonly source: string;
  readonly isLive: boolean;
}

/** What a plugin is started with. */
export interface PluginStart {
  /** `init_config`: a text as it stands, a map as JSON; empty without the key. */
  readonly config: string;
  /** A line for the log of the capture layers, by their own levels. */
  readonly log: (level: LibsLevel, message: string) => void;
  /** What is known of processes and their descriptors where it runs. */
  readonly state: State;
}

/**
 * A plugin as it can be looked at without being started: what `--list-plugins` and `--list` print, and what rules are
 * checked against. Part of this program, or a shared object.
 */
export interface Plugin {
  readonly info: PluginInfo;
  /** Absent when it brings no source of its own. */
  readonly source?: PluginEventSource | undefined;
  /** Brings events of system calls, instead of the kernel. */
  readonly bringsSyscalls?: boolean;
  /**
   * Fields it gives to events; empty when none. `sources` of each class names the event sources whose events it reads:
   * none named means all. Their readers need not work before `start`.
   */
  readonly fields: readonly FieldClass[];
  /** Whether it has to do with events of a source in other ways than by bringing or reading them. */
  readonly concerns?: (source: string) => boolean;
  /** Names of events that it makes by itself: rules may compare `evt.type` with them. */
  readonly eventNames?: readonly string[];
  /**
   * Starts it, in the thread that takes in the events: once for each event source that it has to do with. Throws a
   * FalcoError when it does not accept its configuration.
   */
  start(start: PluginStart): RunningPlugin;
}

/** A plugin that was started; used by one thread only. */
export interface RunningPlugin {
  /** The declared fields, with readers that work. */
  readonly fields: readonly FieldClass[];
  /** One line about an event of its own source: `evt.plugininfo`. */
  readonly describe?: (event: EventCursor) => string | undefined;
  /** What its source may be opened with. */
  readonly openParams?: () => readonly OpenParam[];
  /**
   * Makes its event source, to be opened by the caller, who also closes it. Records are PLUGINEVENT_E with its number,
   * made with `writePluginEvent` where no shared object made them. Throws a FalcoError for parameters it can't use.
   */
  readonly open?: ((params: string) => Source) | undefined;
  /** Looks at an event when state has taken it in, and before rules see it. */
  readonly parse?: ((context: Context) => void) | undefined;
  /** The source of its thread has been opened, live or for a replay. */
  readonly opened?: (capture: OpenedCapture) => void;
  /** Hands over events that it has made by itself and does other work of its own. Called between events; returns the number of events. */
  readonly between?: ((sink: Sink) => number) | undefined;
  /** The source is about to be closed. */
  readonly closed?: () => void;
  /** Its numbers at this time. */
  readonly metrics?: () => readonly PluginMetric[];
  /** Ends it and frees what it holds; its source is closed before. */
  destroy(): void;
}

/** What a thread needs to start a plugin. */
export interface PluginSetting {
  readonly name: string;
  /** The shared object; absent for a plugin that is part of this program. */
  readonly library?: string;
  /** See PluginStart.config. */
  readonly config: string;
  readonly openParams: string;
}
