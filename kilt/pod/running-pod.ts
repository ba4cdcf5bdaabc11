import { FalcoError } from "../../core/errors.ts";
import { isObject, type JsonObject, objectsIn, textsIn } from "../k8s/pod.ts";
import type { Target } from "../target.ts";
import type { Kubectl } from "./kubectl.ts";

const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** A container of a pod that runs now. */
export interface RunningContainer {
  readonly pod: string;
  readonly container: string;
  /** Changes whenever the container starts anew, and its files and processes with it. */
  readonly id: string;
  readonly target: Target;
  readonly annotations: ReadonlyMap<string, string>;
}

/** The name in `pod/NAME`, `pods/NAME` or `NAME`. */
export function podName(reference: string): string {
  const [, kind, name] = /^(?:(pod|pods|po)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(reference) ?? [];
  if (name !== undefined) return name;
  throw new FalcoError("USAGE", `Cannot patch "${reference}": expected pod/NAME${kind ?? ""}`, {
    hint: "what makes pods is patched by the webhook; kubectl get pods lists the pods it has made",
  });
}

/**
 * Reads a pod and picks the container that is meant: the one that is named, the pod's default, or the
 * only one. Throws when there is no such container or it does not run.
 */
export async function runningContainer(
  kubectl: Kubectl,
  pod: string,
  wanted?: string,
): Promise<RunningContainer> {
  const object = await kubectl.json(`read pod ${pod}`, ["get", "pod", pod]);
  if (!isObject(object) || !isObject(object.spec))
    throw new FalcoError("KUBECTL", `Cannot read pod ${pod}: not a pod`);
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const annotations = textMap(metadata.annotations);
  const containers = objectsIn(object.spec, "containers");
  const container = choose(pod, containers, wanted ?? annotations.get(DEFAULT_CONTAINER));
  const name = String(container.name);
  const status = isObject(object.status) ? object.status : {};
  const state = objectsIn(status, "containerStatuses").find((one) => one.name === name);
  if (!state || !isObject(state.state) || !state.state.running || typeof state.containerID !== "string") {
    throw new FalcoError("KILT_POD", `Cannot patch container ${name} of pod ${pod}: it is not running`);
  }
  const target = {
    image: String(container.image ?? ""),
    containerName: name,
    containerGroupName: pod,
    entryPoint: textsIn(container, "command"),
    command: textsIn(container, "args"),
    environmentVariables: new Map(
      objectsIn(container, "env").map(({ name, value }): [string, string] => [
        String(name),
        String(value ?? ""),
      ]),
    ),
    metadata: textMap(metadata.labels),
  };
  return { pod, container: name, id: state.containerID, target, annotations };
}

function choose(pod: string, containers: readonly JsonObject[], wanted: string | undefined): JsonObject {
  const names = containers.map(({ name }) => String(name));
  const found =
    wanted === undefined
      ? containers.length === 1
        ? containers[0]
        : undefined
      : containers[names.indexOf(wanted)];
  if (found) return found;
  const why = wanted === undefined ? "it has several containers" : `it has no container "${wanted}"`;
  throw new FalcoError("KILT_POD", `Cannot patch pod ${pod}: ${why}`, {
    hint: `name one with -c: ${names.join(", ")}`,
  });
}

const textMap = (value: unknown): Map<string, string> =>
  new Map(isObject(value) ? Object.entries(value).map(([key, text]) => [key, String(text)]) : []);
