/**
 * The container that a definition is applied to, as far as definitions can see it (`original.…`).
 * Lists are empty where the container names nothing.
 */
export interface Target {
  readonly image: string;
  readonly containerName: string;
  /** The task definition's logical name, or the pod's. */
  readonly containerGroupName: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environmentVariables: ReadonlyMap<string, string>;
  /** Tags of the task definition, or labels of the pod. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What the image itself would run; both lists are empty where it names nothing. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/** Asks the registry of an image for its configuration. Rejects with a FalcoError when it cannot be had. */
export type ImageConfigLookup = (image: string) => Promise<ImageConfig>;
