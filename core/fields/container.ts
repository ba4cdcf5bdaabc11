import { type Container, HOST, type Mount } from "../metadata/container.ts";
import { type Context, type Field, type FieldRead, field, fieldClass, type Reader, whole } from "./field.ts";
import { ofThread } from "./proc.ts";
import { wildcard } from "./wildcard.ts";

const NA = undefined;

/** What is known of the container of the event's process; the machine itself counts as one. */
function containerOf({ state }: Context): Container | undefined {
  const { thread } = state;
  if (!thread) return NA;
  return thread.containerId === "" ? HOST : state.containers.get(thread.containerId);
}

const of =
  <T>(read: (container: Container, context: Context) => T): Reader<T | undefined> =>
  (context) => {
    const known = containerOf(context);
    return known && read(known, context);
  };

const SHORT_ID = 12;

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .filter((key) => !key.startsWith("annotation.") && !key.startsWith("io.kubernetes."))
    .map((key) => (labels[key] === "" ? key : `${key}:${labels[key]}`))
    .join(", ");
}

const mountText = (m: Mount): string =>
  `${m.source}:${m.destination}:${m.mode}:${m.writable}:${m.propagation}`;

/** A mount by its position, or the first whose source (or destination) matches the pattern in the argument. */
const mount =
  (by: "source" | "destination", read: (mount: Mount) => string): Reader<string | undefined> =>
  (context, arg) => {
    const known = containerOf(context);
    const found =
      arg!.index === undefined
        ? known?.mounts.find((m) => wildcard(arg!.text, m[by]))
        : known?.mounts[arg!.index];
    return found && read(found);
  };

const label = (known: Container | undefined, name: string): string | undefined => known?.labels[name];
const podLabel =
  (name: string): Reader<string | undefined> =>
  (context) =>
    label(containerOf(context), name);

/** Addresses are the sandbox's when the container has none of its own. */
const ofPod = (read: (container: Container) => string): Reader<string | undefined> =>
  of((known, { state }) => {
    if (known.cniJson !== "" || known === HOST) return read(known);
    const id = known.podSandboxId.slice(0, SHORT_ID);
    // Containers outside a pod have the machine for their sandbox.
    const sandbox = id === "" ? HOST : state.containers.get(id);
    return sandbox && read(sandbox);
  });

const startTime = ofThread((t) => (t.pidnsInitStart === 0n ? NA : whole(t.pidnsInitStart)));
const age = ofThread((t, { event }) => (t.pidnsInitStart === 0n ? NA : whole(event.time - t.pidnsInitStart)));

const text = (description: string, read: Reader<FieldRead>): Omit<Field, "name"> =>
  field("CHARBUF", description, read);
const flag = (description: string, read: Reader<boolean | undefined>): Omit<Field, "name"> =>
  field("BOOL", description, read);
const keyed = (description: string, read: Reader<string | undefined>): Omit<Field, "name"> =>
  field("CHARBUF", description, read, { arg: "required", argKind: ["KEY"], dotArg: true });
const indexed = (description: string, read: Reader<string | undefined>): Omit<Field, "name"> =>
  field("CHARBUF", description, read, { arg: "required", argKind: ["INDEX", "KEY"], dotArg: true });
const retired = (type: "CHARBUF" | "BOOL" = "CHARBUF"): Omit<Field, "name"> =>
  field(type, "Deprecated: never has a value.", () => NA, { deprecated: true });
const retiredKeyed = (): Omit<Field, "name"> => ({
  ...retired(),
  arg: "required",
  argKind: ["KEY"],
  dotArg: true,
});
const retiredKind = (kind: string, withName = true): Record<string, Omit<Field, "name">> => ({
  ...(withName ? { [`k8s.${kind}.name`]: retired() } : {}),
  [`k8s.${kind}.id`]: retired(),
  [`k8s.${kind}.label`]: retiredKeyed(),
  [`k8s.${kind}.labels`]: retired(),
});

/** Fields of the container and pod that a process runs in. */
export const container = fieldClass(
  "container",
  "The container and pod of the process behind the event",
  ["syscall"],
  {
    "container.id": text(
      "Short id, or host.",
      ofThread((t) => t.containerId || HOST.id),
    ),
    "container.full_id": text(
      "Full id, or host.",
      of((c) => c.fullId),
    ),
    "container.name": text(
      "Name, or host.",
      of((c) => c.name),
    ),
    "container.image": text(
      "Image as it was asked for.",
      of((c) => c.image),
    ),
    "container.image.id": text(
      "Id of the image.",
      of((c) => c.imageId),
    ),
    "container.type": text(
      "Runtime: docker, containerd, cri-o, podman, …; or host.",
      of((c) => c.type),
    ),
    "container.privileged": flag(
      "Whether it runs privileged.",
      of((c) => c.privileged),
    ),
    "container.mounts": text(
      "All mounts, as source:destination:mode:writable:propagation.",
      of((c) => c.mounts.map(mountText).join(",")),
    ),
    "container.mount": indexed("A mount by number or pattern of its source.", mount("source", mountText)),
    "container.mount.source": indexed(
      "Source of a mount by number or pattern of its destination.",
      mount("destination", (m) => m.source),
    ),
    "container.mount.dest": indexed(
      "Destination of a mount by number or pattern of its source.",
      mount("source", (m) => m.destination),
    ),
    "container.mount.mode": indexed(
      "Mode of a mount by number or pattern of its source.",
      mount("source", (m) => m.mode),
    ),
    "container.mount.rdwr": indexed(
      "Whether a mount, by number or pattern of its source, is writable.",
      mount("source", (m) => String(m.writable)),
    ),
    "container.mount.propagation": indexed(
      "Propagation of a mount by number or pattern of its source.",
      mount("source", (m) => m.propagation),
    ),
    "container.image.repository": text(
      "Repository of the image.",
      of((c) => c.imageRepository),
    ),
    "container.image.tag": text(
      "Tag of the image.",
      of((c) => c.imageTag),
    ),
    "container.image.digest": text(
      "Digest of the image.",
      of((c) => c.imageDigest),
    ),
    "container.healthcheck": retired(),
    "container.liveness_probe": retired(),
    "container.readiness_probe": retired(),
    "container.start_ts": field("ABSTIME", "Start, nanoseconds since the epoch.", startTime),
    "container.duration": field("RELTIME", "Nanoseconds since the start.", age),
    "container.ip": text(
      "Address.",
      of((c) => c.ip),
    ),
    "container.cni.json": text(
      "Result of the network plugin as JSON.",
      of((c) => c.cniJson),
    ),
    "container.host_pid": flag(
      "Whether it shares the host's processes.",
      of((c) => c.hostPid),
    ),
    "container.host_network": flag(
      "Whether it shares the host's network.",
      of((c) => c.hostNetwork),
    ),
    "container.host_ipc": flag(
      "Whether it shares the host's IPC.",
      of((c) => c.hostIpc),
    ),
    "container.label": keyed("A label by name.", (context, arg) => label(containerOf(context), arg!.text)),
    "container.labels": text(
      "All labels as key:value.",
      of((c) => labelsText(c.labels)),
    ),
    "proc.is_container_healthcheck": retired("BOOL"),
    "proc.is_container_liveness_probe": retired("BOOL"),
    "proc.is_container_readiness_probe": retired("BOOL"),
    "k8s.pod.name": text("Name of the pod.", podLabel("io.kubernetes.pod.name")),
    "k8s.ns.name": text("Namespace of the pod.", podLabel("io.kubernetes.pod.namespace")),
    "k8s.pod.id": text("Uid of the pod.", podLabel("io.kubernetes.pod.uid")),
    "k8s.pod.uid": text("Uid of the pod.", podLabel("io.kubernetes.pod.uid")),
    "k8s.pod.sandbox_id": text(
      "Short id of the pod's sandbox.",
      of((c) => c.podSandboxId.slice(0, SHORT_ID)),
    ),
    "k8s.pod.full_sandbox_id": text(
      "Full id of the pod's sandbox.",
      of((c) => c.podSandboxId),
    ),
    "k8s.pod.label": keyed(
      "A label of the pod by name.",
      (context, arg) => containerOf(context)?.podSandboxLabels[arg!.text],
    ),
    "k8s.pod.labels": text(
      "All labels of the pod as key:value.",
      of((c) => labelsText(c.podSandboxLabels)),
    ),
    "k8s.pod.ip": text(
      "Address of the pod.",
      ofPod((c) => c.ip),
    ),
    "k8s.pod.cni.json": text(
      "Result of the pod's network plugin as JSON.",
      ofPod((c) => c.cniJson),
    ),
    ...retiredKind("rc"),
    ...retiredKind("svc"),
    ...retiredKind("ns", false),
    ...retiredKind("rs"),
    ...retiredKind("deployment"),
  },
);
