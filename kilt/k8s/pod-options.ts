import type { Definition } from "../definition.ts";
import type { ImageConfigLookup } from "../target.ts";

/** How pods are patched: what the webhook is started with. */
export interface PodOptions {
  readonly definition: Definition;
  readonly optIn: boolean;
  readonly lookup?: ImageConfigLookup;
  /** Mounts images as volumes (Kubernetes 1.33) instead of copying from them before the pod starts. */
  readonly imageVolumes: boolean;
  /** Holds the falco binary, for mounts of images that cannot copy their folders themselves. */
  readonly toolsImage: string;
  /** Secret with credentials for the images of mounts. */
  readonly imagePullSecret?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}
