import { type Container, container } from "./container.ts";
import { splitImage } from "./image-name.ts";
import type { Json } from "./json.ts";

const SHORT_ID = 12;

/** Annotations that say the same under the names of containerd's CRI plugin, CRI-O and podman. */
const ANNOTATIONS = {
  name: [
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
    "io.kubernetes.cri-o.ContainerName",
    "nerdctl/name",
  ],
  image: [
    "io.kubernetes.cri.image-name",
    "io.kubernetes.cri-o.ImageName",
    "io.kubernetes.cri-o.Image",
    "nerdctl/image-ref",
  ],
  kind: ["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"],
  sandbox: ["io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"],
  podName: ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"],
  podNamespace: ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"],
  podUid: ["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"],
  ip: ["io.kubernetes.cri-o.IP.0"],
} as const;

/**
 * From the OCI bundle's `config.json` that a runtime wrote before it started the container (OCI runtime
 * specification). It is there before the first system call of the container, whatever manages it.
 */
export function fromOciBundle(fullId: string, type: string, spec: Json, labelMaxLength: number): Container {
  const annotations = spec.at("annotations").texts();
  const read = (key: keyof typeof ANNOTATIONS): string =>
    ANNOTATIONS[key].map((name) => annotations[name]).find(Boolean) ?? "";
  const image = read("image");
  const { repository, tag } = splitImage(image);
  const podSandboxId = read("sandbox");
  const namespaces = new Set(spec.at("linux", "namespaces").items.map((ns) => ns.at("type").text));
  return container({
    id: fullId.slice(0, SHORT_ID),
    fullId,
    type,
    name: read("name") || fullId.slice(0, SHORT_ID),
    image,
    imageRepository: repository,
    imageTag: tag,
    imageDigest: image.includes("@") ? image.slice(image.indexOf("@") + 1) : "",
    user: String(spec.at("process", "user", "uid").number),
    ip: read("ip"),
    privileged: isPrivileged(spec),
    hostPid: !namespaces.has("pid"),
    hostNetwork: !namespaces.has("network"),
    hostIpc: !namespaces.has("ipc"),
    isPodSandbox: read("kind") === "sandbox",
    mounts: spec.at("mounts").items.map((mount) => {
      const options = mount.at("options").items.map((option) => option.text);
      return {
        source: mount.at("source").text,
        destination: mount.at("destination").text,
        mode: options.find((o) => o.startsWith("mode="))?.slice("mode=".length) ?? "",
        writable: !options.includes("ro"),
        propagation: spec.at("linux", "rootfsPropagation").text,
      };
    }),
    labels: { ...spec.at("annotations").texts(labelMaxLength), ...podLabels(podSandboxId, read) },
    podSandboxId,
  });
}

function podLabels(
  podSandboxId: string,
  read: (key: keyof typeof ANNOTATIONS) => string,
): Record<string, string> {
  if (podSandboxId === "") return {};
  return {
    "io.kubernetes.sandbox.id": podSandboxId,
    "io.kubernetes.pod.name": read("podName"),
    "io.kubernetes.pod.namespace": read("podNamespace"),
    "io.kubernetes.pod.uid": read("podUid"),
  };
}

/** A privileged container masks nothing, has no profile and may write to sysfs; no file says so directly. */
function isPrivileged(spec: Json): boolean {
  const profile = spec.at("process", "apparmorProfile").text;
  if (
    spec.at("linux", "maskedPaths").items.length > 0 ||
    spec.at("linux", "readonlyPaths").items.length > 0 ||
    spec.at("linux", "seccomp").exists ||
    spec.at("process", "selinuxLabel").text !== "" ||
    (profile !== "" && profile !== "unconfined")
  ) {
    return false;
  }
  return spec
    .at("mounts")
    .items.filter((mount) => ["sysfs", "cgroup"].includes(mount.at("type").text))
    .every((mount) => !mount.at("options").items.some((option) => option.text === "ro"));
}
