import { FalcoError, reasonOf } from "../../core/errors.ts";
import type { Definition } from "../definition.ts";
import { type Runtime, runtimeFor } from "../runtime.ts";
import { type AgentOptions, agentHands } from "./agent-hands.ts";
import type { Hands } from "./hands.ts";
import type { Kubectl } from "./kubectl.ts";
import { type Payload, payloadOf } from "./payload.ts";
import { digestOf, type PatchRecord, recordOf, type Started, writeRecord } from "./record.ts";
import { type RunningContainer, runningContainer } from "./running-pod.ts";
import { shellHands } from "./shell-hands.ts";

export interface PatchPodOptions {
  readonly pod: string;
  readonly container?: string;
  readonly definition: Definition;
  /** Where local files of the definition are looked for. */
  readonly folder: string;
  readonly dryRun: boolean;
  readonly agent: AgentOptions;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Told of every step before it is done. */
  readonly progress: (step: string) => void;
}

export interface PatchPodResult {
  readonly container: string;
  /** "patched", or "unchanged" when the same patch is in place already, or "dry-run". */
  readonly outcome: "patched" | "unchanged" | "dry-run";
  readonly files: readonly string[];
  readonly processes: readonly Started[];
  readonly steps: readonly string[];
}

/**
 * Brings a definition's uploads into a running container and starts its programs there, by the user's
 * own kubectl. Doing it again does nothing; another patch replaces the first. When a step fails, what
 * was done before it is undone.
 */
export async function patchRunning(kubectl: Kubectl, options: PatchPodOptions): Promise<PatchPodResult> {
  const steps: string[] = [];
  const progress = (step: string): void => {
    steps.push(step);
    options.progress(step);
  };
  const at = await runningContainer(kubectl, options.pod, options.container);
  const runtime = runtimeFor(options.definition, at.target, options.env ? { env: options.env } : {});
  const result = {
    container: at.container,
    files: runtime.uploads.map(({ destination }) => destination),
    steps,
  };
  if (options.dryRun) {
    plan(runtime, progress);
    return { ...result, outcome: "dry-run", processes: [] };
  }
  const payloads: Payload[] = [];
  for (const upload of runtime.uploads) {
    if (upload.from === "url") progress(`download ${upload.contents}`);
    payloads.push(await payloadOf(upload, options.folder));
  }
  const digest = digestOf(payloads, runtime.execs);
  const before = recordOf(at);
  if (before?.digest === digest) return { ...result, outcome: "unchanged", processes: before.processes };
  const hands = await handsFor(kubectl, at, options.agent, before?.agent);
  progress(`work through ${hands.name}`);
  if (before) {
    progress("undo the earlier patch");
    await hands.undo(before.files, before.processes);
  }
  const processes = await applyAll(hands, payloads, runtime, progress);
  const agent = hands.agent ? { agent: hands.agent } : {};
  await writeRecord(kubectl, at, { id: at.id, digest, files: result.files, processes, ...agent });
  return { ...result, outcome: "patched", processes };
}

function plan({ uploads, execs }: Runtime, progress: (step: string) => void): void {
  for (const { contents, destination, from, gid, permissions, uid } of uploads) {
    const what = from === "url" || from === "file" ? `${from} ${contents}` : from;
    progress(`upload ${what} to ${destination} (0${permissions.toString(8)} ${uid}:${gid})`);
  }
  for (const run of execs) progress(`start ${run.join(" ")}`);
}

/** The container's own shell if it has one; falco in an ephemeral container if not. */
async function handsFor(
  kubectl: Kubectl,
  at: RunningContainer,
  options: AgentOptions,
  agent?: string,
): Promise<Hands> {
  if (agent !== undefined) return agentHands(kubectl, at, options, agent);
  return (await shellHands(kubectl, at)) ?? agentHands(kubectl, at, options);
}

async function applyAll(
  hands: Hands,
  payloads: readonly Payload[],
  { execs }: Runtime,
  progress: (step: string) => void,
): Promise<Started[]> {
  const files: string[] = [];
  const processes: Started[] = [];
  try {
    for (const payload of payloads) {
      progress(`upload ${payload.destination} (${payload.bytes.length} bytes)`);
      files.push(payload.destination);
      await hands.upload(payload);
    }
    for (const run of execs) {
      progress(`start ${run.join(" ")}`);
      processes.push(await hands.start(run));
    }
    return processes;
  } catch (error) {
    progress("undo what was done, because that failed");
    await hands.undo(files, processes).catch((second: unknown) => {
      const hint = `undoing it failed too (${reasonOf(second)}): look at ${files.join(", ")} in the container`;
      throw new FalcoError("KILT_POD", reasonOf(error), { hint, cause: error });
    });
    throw error;
  }
}

/** Undoes a patch: "undone", or "unchanged" when the container runs as it was started. */
export async function unpatchRunning(
  kubectl: Kubectl,
  options: Pick<PatchPodOptions, "pod" | "container" | "dryRun" | "agent" | "progress">,
): Promise<{ container: string; outcome: "undone" | "unchanged" | "dry-run"; record?: PatchRecord }> {
  const at = await runningContainer(kubectl, options.pod, options.container);
  const { container } = at;
  const record = recordOf(at);
  if (!record) return { container, outcome: "unchanged" };
  for (const { pid } of record.processes) options.progress(`end process ${pid}`);
  for (const file of record.files) options.progress(`remove ${file}`);
  if (options.dryRun) return { container, outcome: "dry-run", record };
  const hands = await handsFor(kubectl, at, options.agent, record.agent);
  await hands.undo(record.files, record.processes);
  await writeRecord(kubectl, at, undefined);
  return { container, outcome: "undone", record };
}
