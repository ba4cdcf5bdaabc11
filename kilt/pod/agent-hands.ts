import { randomBytes } from "node:crypto";
import { FalcoError } from "../../core/errors.ts";
import { isObject, objectsIn } from "../k8s/pod.ts";
import type { Hands } from "./hands.ts";
import type { Kubectl } from "./kubectl.ts";
import type { RunningContainer } from "./running-pod.ts";
import { parseStarted } from "./shell-hands.ts";

const FALCO = "/opt/falco/falco";
const READY_MS = 120_000;
const POLL_MS = 500;

export interface AgentOptions {
  /** Image of falco, from which the ephemeral container runs. */
  readonly image: string;
  /** Debugging profile of kubectl; it must let root read other processes of the pod (SYS_PTRACE). */
  readonly profile: string;
}

/**
 * Works through an ephemeral container that runs falco and shares the container's processes: it reaches
 * the container's files through /proc, so the container needs no shell and no tools. The programs it
 * starts live as long as the ephemeral container, which stays until the pod ends. Given the name of one
 * that is there already, uses that one.
 */
export async function agentHands(
  kubectl: Kubectl,
  at: RunningContainer,
  options: AgentOptions,
  existing?: string,
): Promise<Hands> {
  const agent = existing ?? (await startAgent(kubectl, at, options));
  const words = (args: readonly string[], input = false): string[] => [
    ...["exec", ...(input ? ["-i"] : []), at.pod, "-c", agent, "--", FALCO, "kilt", "agent"],
    ...args,
  ];
  return {
    name: `the ephemeral container ${agent}`,
    agent,
    async upload({ bytes, destination, uid, gid, permissions }) {
      const args = ["upload", destination, permissions.toString(8), `${uid}:${gid}`, String(bytes.length)];
      await kubectl.must(`upload ${destination}`, words(args, true), bytes);
    },
    async start(run) {
      return parseStarted(await kubectl.must(`start ${run[0]}`, words(["start", "--", ...run])), run[0]!);
    },
    async undo(files, processes) {
      const pids = processes.flatMap(({ pid, start }) => ["--process", `${pid}:${start}`]);
      await kubectl.must("undo the patch", words(["undo", ...pids, "--", ...files]));
    },
  };
}

async function startAgent(
  kubectl: Kubectl,
  at: RunningContainer,
  { image, profile }: AgentOptions,
): Promise<string> {
  const name = `kilt-${randomBytes(4).toString("hex")}`;
  await kubectl.must(`put falco beside container ${at.container}`, [
    ...["debug", at.pod, "--image", image, "--target", at.container, "--container", name],
    ...["--profile", profile, "--quiet", "--attach=false", "--", FALCO, "kilt", "wait"],
  ]);
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const why = await notRunning(kubectl, at.pod, name);
    if (why === undefined) return name;
    if (Date.now() > deadline) {
      throw new FalcoError(
        "KILT_POD",
        `Cannot put falco beside container ${at.container}: ${name} does not start: ${why}`,
      );
    }
    await Bun.sleep(POLL_MS);
  }
}

/** Why an ephemeral container does not run yet; undefined when it does. Throws when it never will. */
async function notRunning(kubectl: Kubectl, pod: string, name: string): Promise<string | undefined> {
  const object = await kubectl.json(`read pod ${pod}`, ["get", "pod", pod]);
  const status = isObject(object) && isObject(object.status) ? object.status : {};
  const one = objectsIn(status, "ephemeralContainerStatuses").find((other) => other.name === name);
  const state = one && isObject(one.state) ? one.state : {};
  if (state.running) return undefined;
  if (state.terminated) {
    const ended = isObject(state.terminated) ? state.terminated : {};
    throw new FalcoError(
      "KILT_POD",
      `Cannot put falco beside pod ${pod}: ${name} ended: ${String(ended.reason ?? "")} ${String(ended.message ?? "")}`.trim(),
    );
  }
  const waiting = isObject(state.waiting) ? state.waiting : {};
  return [waiting.reason, waiting.message].filter(Boolean).join(": ") || "no state yet";
}
