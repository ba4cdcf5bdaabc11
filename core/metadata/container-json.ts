import { type Container, container, type Mount } from "./container.ts";

/** Runtimes by the numbers that container events carry. */
const TYPES: readonly string[] = [
  "docker",
  "lxc",
  "libvirt-lxc",
  "mesos",
  "rkt",
  "",
  "cri",
  "containerd",
  "cri-o",
  "bpm",
  "",
  "podman",
];
const SHORT_ID = 12;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const flag = (value: unknown): boolean => value === true;

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function mounts(value: unknown): Mount[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((mount) => ({
    source: text(mount.Source),
    destination: text(mount.Destination),
    mode: text(mount.Mode),
    writable: flag(mount.RW),
    propagation: text(mount.Propagation),
  }));
}

/**
 * What a container event says of a container: an object, or one below the key `container`. Undefined when
 * the text is not that; such an event teaches nothing.
 */
export function parseContainer(json: string): Container | undefined {
  const parsed = parse(json);
  const known = isObject(parsed?.container) ? parsed.container : parsed;
  if (!known || text(known.id) === "") return undefined;
  const id = text(known.id).slice(0, SHORT_ID);
  return container({
    id,
    fullId: text(known.full_id),
    type: typeof known.type === "number" ? (TYPES[known.type] ?? "") : text(known.type),
    name: text(known.name),
    image: text(known.image),
    imageId: text(known.imageid),
    imageRepository: text(known.imagerepo),
    imageTag: text(known.imagetag),
    imageDigest: text(known.imagedigest),
    user: text(known.User) || text(known.user),
    ip: text(known.ip),
    cniJson: text(known.cni_json),
    privileged: flag(known.privileged),
    hostPid: flag(known.host_pid),
    hostNetwork: flag(known.host_network),
    hostIpc: flag(known.host_ipc),
    isPodSandbox: flag(known.is_pod_sandbox),
    mounts: mounts(known.Mounts),
    labels: texts(known.labels),
    podSandboxId: text(known.pod_sandbox_id),
    podSandboxLabels: texts(known.pod_sandbox_labels),
  });
}

/** The same text again: for recordings, which carry what is known of containers as events. */
export function containerJson(known: Container): string {
  const type = TYPES.indexOf(known.type);
  return JSON.stringify({
    container: {
      id: known.id,
      full_id: known.fullId,
      type: type < 0 ? known.type : type,
      name: known.name,
      image: known.image,
      imageid: known.imageId,
      imagerepo: known.imageRepository,
      imagetag: known.imageTag,
      imagedigest: known.imageDigest,
      User: known.user,
      ip: known.ip,
      cni_json: known.cniJson,
      privileged: known.privileged,
      host_pid: known.hostPid,
      host_network: known.hostNetwork,
      host_ipc: known.hostIpc,
      is_pod_sandbox: known.isPodSandbox,
      Mounts: known.mounts.map(({ source, destination, mode, writable, propagation }) => ({
        Source: source,
        Destination: destination,
        Mode: mode,
        RW: writable,
        Propagation: propagation,
      })),
      labels: known.labels,
      pod_sandbox_id: known.podSandboxId,
      pod_sandbox_labels: known.podSandboxLabels,
    },
  });
}

function parse(json: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    // Runtimes' text of old captures may be cut off; nothing can be learned from it.
    return undefined;
  }
}
