import type { ContainerMatch } from "./cgroup.ts";
import { type Container, container } from "./container.ts";
import { DockerLookup } from "./docker-lookup.ts";
import { LookupPace } from "./lookup-pace.ts";
import { type Ancestor, type Monitor, monitorOf } from "./monitor.ts";
import { fromOciBundle } from "./oci-bundle.ts";
import { PodmanLookup } from "./podman-lookup.ts";
import { type HttpGet, RuntimeAccess } from "./runtime-access.ts";

export interface EngineOptions {
  readonly enabled: boolean;
  readonly sockets: readonly string[];
}

export type EngineName = "docker" | "podman" | "containerd" | "cri";

export interface LookupOptions extends Readonly<Record<EngineName, EngineOptions>> {
  /** Labels with longer values are left out. */
  readonly labelMaxLength: number;
  /** Where the host's file system is, when falco itself runs in a container: put before every path. */
  readonly hostRoot: string;
}

export const DEFAULT_LOOKUP: LookupOptions = {
  docker: { enabled: true, sockets: ["/var/run/docker.sock"] },
  podman: { enabled: true, sockets: ["/run/podman/podman.sock"] },
  containerd: { enabled: true, sockets: ["/run/host-containerd/containerd.sock"] },
  cri: { enabled: true, sockets: ["/run/containerd/containerd.sock", "/run/crio/crio.sock"] },
  labelMaxLength: 100,
  hostRoot: "",
};

/** Engines of which control groups tell all there is to know. */
const WITHOUT_RUNTIME: ReadonlySet<string> = new Set(["lxc", "libvirt-lxc", "mesos", "rkt", "bpm"]);

/** Bundles of tasks of containerd are in a folder for each of its namespaces. */
const TASKS = "/run/containerd/io.containerd.runtime.v2.task";
const CRIO_CONTAINERS = "/run/containers/storage/overlay-containers";

/**
 * Finds out what a container is at the moment its first event is seen, without leaving the event loop of the
 * capture: runtimes write down or know a container before its first process runs, so that even one that lives
 * for milliseconds has its name and image in the first alert.
 */
export class ContainerLookup {
  readonly #options: LookupOptions;
  readonly #access: RuntimeAccess;
  readonly #docker: DockerLookup;
  readonly #podman: PodmanLookup;
  readonly #pace = new LookupPace();

  constructor(options: LookupOptions, get: HttpGet) {
    const { docker, podman, labelMaxLength } = options;
    this.#options = options;
    this.#access = new RuntimeAccess(options.hostRoot, get);
    this.#docker = new DockerLookup(this.#access, docker.sockets, labelMaxLength);
    this.#podman = new PodmanLookup(this.#access, podman.sockets, labelMaxLength);
  }

  /**
   * What there is to learn about a container now; undefined for nothing (new). `known` is what is known of it
   * already, and `ancestors` are the processes above the one that was seen in it, from its parent up.
   */
  find(
    match: ContainerMatch,
    known: Container | undefined,
    ancestors: Iterable<Ancestor>,
    now = Date.now(),
  ): Container | undefined {
    const { id, fullId, type } = match;
    // Ids come from paths of control groups: nothing else than these characters may become part of a path here.
    if (!/^[A-Za-z0-9._:-]+$/.test(fullId) || fullId.includes("..")) return undefined;
    if (WITHOUT_RUNTIME.has(type)) return known ? undefined : container({ id, fullId, type });
    const turn = this.#pace.turn(id, known !== undefined, now);
    if (turn === undefined) return undefined;
    const found = turn === "first" ? this.#starting(match, ancestors) : this.#running(match, known);
    this.#pace.answered(id, turn, found !== undefined, now);
    return found;
  }

  #starting({ fullId, type }: ContainerMatch, ancestors: Iterable<Ancestor>): Container | undefined {
    const { docker, podman } = this.#options;
    const monitor = monitorOf(fullId, ancestors);
    if (type === "podman") return podman.enabled ? this.#podman.starting(fullId, monitor) : undefined;
    return (
      (docker.enabled ? this.#docker.starting(fullId, monitor) : undefined) ??
      this.#bundle(fullId, type, monitor)
    );
  }

  #running({ fullId }: ContainerMatch, known: Container | undefined): Container | undefined {
    if (known?.type === "docker") return this.#docker.running(fullId);
    return known?.type === "podman" ? this.#podman.running(fullId) : undefined;
  }

  /** By the bundle alone, as of containerd's and CRI-O's containers. */
  #bundle(fullId: string, hint: string, monitor: Monitor | undefined): Container | undefined {
    const { containerd, cri, labelMaxLength } = this.#options;
    if (!cri.enabled && !containerd.enabled) return undefined;
    for (const [type, bundle] of this.#bundles(fullId, monitor)) {
      const spec = this.#access.file(`${bundle}/config.json`);
      if (spec) return fromOciBundle(fullId, hint === "containerd" ? hint : type, spec, labelMaxLength);
    }
    return undefined;
  }

  *#bundles(fullId: string, monitor: Monitor | undefined): Generator<readonly [type: string, path: string]> {
    // Only conmon is told a name, and of those it watches over podman's have been dealt with.
    if (monitor) yield [monitor.name === "" ? "containerd" : "cri-o", monitor.bundle];
    for (const namespace of this.#access.names(TASKS))
      yield ["containerd", `${TASKS}/${namespace}/${fullId}`];
    yield ["cri-o", `${CRIO_CONTAINERS}/${fullId}/userdata`];
  }
}
