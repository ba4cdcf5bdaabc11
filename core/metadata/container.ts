export interface Mount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
}

/** What a container runtime tells of a container; texts it left out are empty. */
export interface Container {
  /** First 12 characters of the full id; also the key. */
  readonly id: string;
  readonly fullId: string;
  /** docker, cri, containerd, cri-o, podman, lxc, …; `host` for the machine itself. */
  readonly type: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly imageRepository: string;
  readonly imageTag: string;
  readonly imageDigest: string;
  /** Configured user; empty for the image's own. */
  readonly user: string;
  readonly ip: string;
  readonly cniJson: string;
  readonly privileged: boolean;
  readonly hostPid: boolean;
  readonly hostNetwork: boolean;
  readonly hostIpc: boolean;
  readonly isPodSandbox: boolean;
  readonly mounts: readonly Mount[];
  readonly labels: Readonly<Record<string, string>>;
  readonly podSandboxId: string;
  readonly podSandboxLabels: Readonly<Record<string, string>>;
}

const EMPTY: Omit<Container, "id" | "type"> = {
  fullId: "",
  name: "",
  image: "",
  imageId: "",
  imageRepository: "",
  imageTag: "",
  imageDigest: "",
  user: "",
  ip: "",
  cniJson: "",
  privileged: false,
  hostPid: false,
  hostNetwork: false,
  hostIpc: false,
  isPodSandbox: false,
  mounts: [],
  labels: {},
  podSandboxId: "",
  podSandboxLabels: {},
};

/** A container of which only some things are known. */
export function container(known: Partial<Container> & Pick<Container, "id" | "type">): Container {
  return { ...EMPTY, ...known };
}

/** The machine itself, as the container of processes that run in none. */
export const HOST = container({ id: "host", fullId: "host", type: "host", name: "host" });
