import { hostname } from "node:os";
import { FalcoError, reasonOf } from "../errors.ts";
import { preferThisThread } from "../ffi/prefer-thread.ts";
import type { Alert } from "../outputs/alert.ts";
import { renderAlert } from "../rules/render.ts";
import { State } from "../state/state.ts";
import { AfterLoad } from "./after-load.ts";
import { CapturingRules } from "./capturing.ts";
import { Engine } from "./engine.ts";
import { AlertSender } from "./handover.ts";
import { drainPending, runLoop } from "./loop.ts";
import type { EngineStats, ErrorMessage, FromEngine, ToEngine } from "./messages.ts";
import { Monitoring } from "./monitoring.ts";
import { PluginEvents } from "./plugin-events.ts";
import { PluginHost } from "./plugin-host.ts";
import { PreferredHelpers } from "./preferred-helpers.ts";
import { Recovery } from "./recovery.ts";
import { loadRuleset, type Ruleset, type RulesInput, type RulesReport } from "./ruleset.ts";
import type { EngineStart } from "./source-spec.ts";
import { makeSource, type OpenedSource } from "./sources.ts";

/** The engine's own thread: the loop blocks here while nothing happens, and nothing else runs in it. */
declare const self: Worker;

const tell = (message: FromEngine<RulesReport>): void => self.postMessage(message);

interface Running {
  readonly engine: Engine<Ruleset["rules"][number]>;
  readonly capturing: CapturingRules | undefined;
  /** What holds the rules and can be given others. */
  readonly holder: { use(rules: Ruleset): void };
  readonly monitoring: Monitoring;
  readonly recovery: Recovery;
  readonly isReplay: boolean;
  /** Events come from the kernel's buffer. */
  readonly isLive: boolean;
  readonly opened: OpenedSource;
  readonly plugins: PluginHost;
  readonly state: State;
  readonly sender: AlertSender;
  readonly matches: Map<string, number>;
  ruleset: Ruleset;
}

let running: Running | undefined;
let stopping = false;
const afterLoad = new AfterLoad();
/** How long loading rules may keep events waiting. */
const LOAD_SLICE_MS = 10;
/** How long a quiet machine's engine sleeps at a stretch: messages wake it, and once a second it looks at what was lost. */
const IDLE_MS = 1000;

type Start = Extract<ToEngine<EngineStart, RulesInput>, { type: "start" }>;

async function start({ start: spec, rules, rulesOnly, progress, wakeFd }: Start): Promise<void> {
  // What the kernel's buffer can't hold is lost: this thread is to empty it whatever else the machine does. Early, so that it
  // watches a busy machine soon.
  if (spec.source.kind === "modern_ebpf" && !rulesOnly) preferThisThread();
  const state = new State({ threads: spec.maxThreads });
  const plugins = new PluginHost(spec.plugins, sourceOf(spec), {
    state,
    log: (level, message) => tell({ type: "libsLog", level, message }),
  });
  const { report, ruleset } = loadRuleset(rules, { fields: plugins.fields });
  if (!ruleset || rulesOnly) {
    plugins.close();
    tell({ type: "loaded", id: 0, report });
    return;
  }
  const isReplay = spec.source.kind === "replay";
  // A capture has time.
  if (isReplay) Bun.gc(true);
  else afterLoad.loaded();
  // A plugin is asked for its events: it can wait as well as a capture can.
  const waits = isReplay || spec.source.kind === "plugin";
  const sender = new AlertSender(progress, { waits, gathers: isReplay }, (alerts: readonly Alert[]) =>
    tell({ type: "alerts", alerts }),
  );
  const matches = new Map<string, number>();
  const capturing =
    spec.capture && new CapturingRules(state, ruleset, spec.capture, (alert) => sender.add(alert));
  const warn = (message: string): void => tell({ type: "log", level: "warning", message });
  const opened = await makeSource(spec, state, ruleset, { plugins, wakeFd, warn });
  const recovery = new Recovery(opened.source, state, (milliseconds) =>
    tell({
      type: "log",
      level: "info",
      message: `Events were lost: what runs was read anew from /proc in ${Math.ceil(milliseconds)} ms`,
    }),
  );
  const monitoring = new Monitoring(spec.monitoring, {
    source: opened.source,
    isReplay,
    hostname: spec.hostname || hostname(),
    alert: (alert) => sender.add(alert),
    log: (level, message) => tell({ type: "log", level, message }),
    stop: () => {
      stopping = true;
    },
    lost: () => recovery.lost(),
  });
  const clock = monitoring.clock(capturing ?? ruleset);
  const inner = clock ?? capturing ?? ruleset;
  const looksFirst = isReplay || plugins.parsers.length > 0;
  const byPlugins = looksFirst ? new PluginEvents(inner, plugins, isReplay) : undefined;
  const engine = new Engine(state, byPlugins ?? inner, (rule, context) => {
    matches.set(rule.name, (matches.get(rule.name) ?? 0) + 1);
    sender.add(renderAlert(rule, context, spec.hostname || state.hostname));
  });
  const holder = capturing ?? clock ?? byPlugins ?? engine;
  const isLive = spec.source.kind === "modern_ebpf";
  running = {
    engine,
    capturing,
    holder,
    monitoring,
    recovery,
    isReplay,
    isLive,
    opened,
    plugins,
    state,
    sender,
    matches,
    ruleset,
  };
  tell({ type: "loaded", id: 0, report });
  void capture(running).catch((error) => tell({ type: "failed", error: errorMessage(error) }));
}

/** The event source whose plugins are wanted; a capture may have any. */
function sourceOf({ source }: EngineStart): string | undefined {
  if (source.kind === "replay") return undefined;
  return source.kind === "plugin" ? source.eventSource : "syscall";
}

async function capture(run: Running): Promise<void> {
  const { opened, engine, sender } = run;
  await opened.source.open(engine);
  for (const remark of opened.source.remarks ?? []) tell({ type: "libsLog", level: "info", message: remark });
  const source = run.plugins.opened(opened.source, !run.isReplay);
  tell({ type: "capturing" });
  const helpers = run.isLive ? new PreferredHelpers() : undefined;
  try {
    await runLoop(source, engine, {
      flush: (all) => sender.flush(all),
      waited: (events) => {
        run.monitoring.waited(events);
        run.recovery.waited(events);
        afterLoad.waited(events);
        helpers?.waited(events);
      },
      stopped: () => stopping,
      isBusy: () => run.recovery.isBusy,
      ...(run.isLive ? { idleMs: IDLE_MS } : {}),
    });
    if (stopping && (run.isLive || opened.source.acknowledges)) drainPending(source, engine);
  } finally {
    run.plugins.closed();
    run.capturing?.close();
    await sender.flush();
  }
  const stats = statsOf(run);
  opened.source.close();
  run.plugins.close();
  tell({ type: "ended", stats });
}

function reload(id: number, rules: RulesInput): void {
  // Loading takes hundreds of milliseconds where the machine is busy: events are taken in meanwhile, by the old rules.
  let last = performance.now();
  const onStep = (): void => {
    if (!running?.isLive || performance.now() - last < LOAD_SLICE_MS) return;
    running.opened.source.pump(running.engine, 0);
    last = performance.now();
  };
  const { report, ruleset } = loadRuleset(rules, {
    onStep,
    ...(running ? { fields: running.plugins.fields } : {}),
  });
  if (ruleset && running) {
    running.holder.use(ruleset);
    running.ruleset = ruleset;
    running.opened.retarget(ruleset);
  }
  afterLoad.loaded();
  tell({ type: "loaded", id, report });
}

/** What can be changed without a new start: limits and actions on losses, and calls to be watched besides. */
function configure({ monitoring, source }: EngineStart): void {
  if (!running) return;
  running.monitoring.configure(monitoring);
  running.opened.rebase(source);
  running.opened.retarget(running.ruleset);
}

function statsOf({
  engine,
  opened,
  plugins,
  state,
  sender,
  matches,
  monitoring,
  ruleset,
}: Running): EngineStats {
  const { seen, dropped, postponed = 0, perCpu } = opened.source.stats();
  let fds = 0;
  for (const thread of state.threads.values()) fds += thread.fds.size;
  return {
    events: engine.events,
    seen,
    drops: dropped,
    postponed,
    ...(perCpu ? { perCpu } : {}),
    threads: state.threads.size,
    fds,
    containers: state.containers.size,
    residentBytes: process.memoryUsage.rss(),
    matchesByRule: Object.fromEntries(matches),
    ...(ruleset.costs ? { ruleCosts: ruleset.costs.result } : {}),
    alertsDropped: sender.dropped,
    monitoring: monitoring.result,
    plugins: plugins.metrics(),
    state: { ...state.counters },
  };
}

function errorMessage(error: unknown): ErrorMessage {
  if (!(error instanceof FalcoError)) {
    return {
      code: "",
      message: error instanceof Error && error.stack ? error.stack : reasonOf(error),
      options: {},
    };
  }
  const { code, message, hint, place, excerpt } = error;
  return {
    code,
    message,
    options: {
      ...(hint ? { hint } : {}),
      ...(place ? { place } : {}),
      ...(excerpt !== undefined ? { excerpt } : {}),
    },
  };
}

async function handle(message: ToEngine<EngineStart, RulesInput>): Promise<void> {
  if (message.type === "start") await start(message);
  else if (message.type === "rules") reload(message.id, message.rules);
  else if (message.type === "configure") configure(message.start);
  else if (message.type === "stop") stopping = true;
  else if (running) tell({ type: "stats", id: message.id, stats: statsOf(running) });
}

/** What comes while the engine starts waits until it has. */
let handled = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToEngine<EngineStart, RulesInput>>) => {
  handled = handled
    .then(() => handle(data))
    .catch((error) => tell({ type: "failed", error: errorMessage(error) }));
};
