import type { Mount } from "../build.ts";
import { type JsonObject, objectsIn, type PodTemplate } from "./pod.ts";
import type { PodOptions } from "./pod-options.ts";

const TOOLS_VOLUME = "kilt-tools";
const TOOLS = "/opt/falco";
const OUT = "/kilt";

/** The volume that a mount's folders are lent through: a DNS label, whatever the mount is called. */
export function volumeName({ name }: Mount): string {
  const label = name.toLowerCase().replace(/[^a-z0-9-]/g, "-");
  return `kilt-${label}`.slice(0, 63).replace(/-+$/, "");
}

/**
 * Adds to a pod what lends a mount's folders to its containers: the image as a volume, or an empty
 * volume that an init container fills from the image before anything else starts. Pods have no
 * "volumes from", and an image need not hold a program that could copy: one that does not run
 * falco's own waiting gets falco's copier from the tools image.
 */
export function lend(pod: PodTemplate, mount: Mount, options: PodOptions): void {
  const name = volumeName(mount);
  if (options.imageVolumes) {
    addNamed(pod.spec, "volumes", [{ name, image: { reference: mount.image } }]);
  } else {
    addNamed(pod.spec, "volumes", [{ name, emptyDir: {} }]);
    const [binary, ...words] = mount.entryPoint;
    const isFalco = words.join(" ") === "kilt wait";
    if (!isFalco) {
      const tools = { name: TOOLS_VOLUME, mountPath: OUT };
      addNamed(pod.spec, "volumes", [{ name: TOOLS_VOLUME, emptyDir: {} }]);
      addFirst(pod.spec, copier(TOOLS_VOLUME, options.toolsImage, `${TOOLS}/falco`, [TOOLS], [tools]));
    }
    const mounts = [
      { name, mountPath: OUT },
      ...(isFalco ? [] : [{ name: TOOLS_VOLUME, mountPath: TOOLS, subPath: TOOLS.slice(1), readOnly: true }]),
    ];
    const program = isFalco ? binary! : `${TOOLS}/falco`;
    addFirst(pod.spec, copier(name, mount.image, program, mount.volumes, mounts));
  }
  if (options.imagePullSecret) addNamed(pod.spec, "imagePullSecrets", [{ name: options.imagePullSecret }]);
}

/** An init container that copies folders of its image; it fits the restricted pod security standard. */
function copier(
  name: string,
  image: string,
  program: string,
  folders: readonly string[],
  volumeMounts: JsonObject[],
): JsonObject {
  return {
    name,
    image,
    command: [program, "kilt", "copy", ...folders, OUT],
    volumeMounts,
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

/** Adds what has no namesake yet. */
function addNamed(spec: JsonObject, list: string, items: readonly JsonObject[]): void {
  const present = objectsIn(spec, list);
  const fresh = items.filter(({ name }) => !present.some((other) => other.name === name));
  if (fresh.length > 0) spec[list] = [...present, ...fresh];
}

/** Puts an init container before the pod's own, behind those that were put there before it. */
function addFirst(spec: JsonObject, container: JsonObject): void {
  const present = objectsIn(spec, "initContainers");
  if (present.some(({ name }) => name === container.name)) return;
  const own = present.findIndex(({ command }) => !isCopier(command));
  const at = own < 0 ? present.length : own;
  spec.initContainers = [...present.slice(0, at), container, ...present.slice(at)];
}

const isCopier = (command: unknown): boolean =>
  Array.isArray(command) && command[1] === "kilt" && command[2] === "copy";
