import { readFileSync } from "node:fs";
import { type Container, container } from "./container.ts";
import { fromDockerApi, fromDockerFiles, fromPodmanApi } from "./docker.ts";
import { Json } from "./json.ts";
import { fromOciBundle } from "./oci-bundle.ts";

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

/** Asks a runtime over its socket; undefined when it has no answer. Throws when it can't be reached in time. */
export type HttpGet = (socket: string, path: string) => string | undefined;

const BUNDLES: readonly (readonly [type: string, path: (id: string) => string])[] = [
  ["containerd", (id) => `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`],
  ["containerd", (id) => `/run/containerd/io.containerd.runtime.v2.task/default/${id}/config.json`],
  ["cri-o", (id) => `/run/containers/storage/overlay-containers/${id}/userdata/config.json`],
];

const DOCKER_ROOT = "/var/lib/docker";
const MAX_FILE = 8 << 20;
/** A runtime that did not answer is left alone for so long. */
const PAUSE_MS = 10_000;
const MAX_IMAGES = 1000;

/**
 * Finds out what a container is at the moment its first event is seen, without leaving the event loop of the
 * capture: runtimes write down or know a container before its first process runs, so that even one that lives
 * for milliseconds has its name and image in the first alert.
 */
export class ContainerLookup {
  readonly #options: LookupOptions;
  readonly #get: HttpGet;
  readonly #pausedUntil = new Map<string, number>();
  readonly #images = new Map<string, Json | undefined>();
  /** Docker's data directory by socket. */
  readonly #roots = new Map<string, string>();

  constructor(options: LookupOptions, get: HttpGet) {
    this.#options = options;
    this.#get = get;
  }

  /** `fullId` is what the control group path shows; `type` is what its form hints at. */
  find(fullId: string, type: string): Container | undefined {
    // Ids come from paths of control groups: nothing else than these characters may become part of a path here.
    if (!/^[A-Za-z0-9._-]+$/.test(fullId) || fullId.includes("..")) return undefined;
    if (type === "lxc" || type === "libvirt-lxc" || type === "bpm") return container({ id: fullId, type });
    return this.#podman(fullId, type) ?? this.#docker(fullId, type) ?? this.#bundle(fullId, type);
  }

  #docker(fullId: string, type: string): Container | undefined {
    const { docker, labelMaxLength } = this.#options;
    if (!docker.enabled || type === "podman") return undefined;
    // Files first: while docker starts a container it answers no question about it, but it has written it down.
    for (const root of this.#dockerRoots()) {
      const folder = `${root}/containers/${fullId}`;
      const config = this.#file(`${folder}/config.v2.json`);
      if (!config) continue;
      const image = docker.sockets
        .map((socket) => this.#image(socket, config.at("Image").text))
        .find(Boolean);
      return fromDockerFiles(config, this.#file(`${folder}/hostconfig.json`), image, labelMaxLength);
    }
    for (const socket of docker.sockets) {
      const json = this.#ask(socket, `/containers/${fullId}/json`);
      if (!json?.at("Id").exists) continue;
      return fromDockerApi(json, this.#image(socket, json.at("Image").text), labelMaxLength);
    }
    return undefined;
  }

  /** Where docker keeps its files: the usual place, and what the services say of themselves. */
  #dockerRoots(): readonly string[] {
    for (const socket of this.#options.docker.sockets) {
      if (this.#roots.has(socket)) continue;
      const root = this.#ask(socket, "/info")?.at("DockerRootDir").text;
      if (root) this.#roots.set(socket, root);
    }
    return [DOCKER_ROOT, ...this.#roots.values()];
  }

  #podman(fullId: string, type: string): Container | undefined {
    const { podman, labelMaxLength } = this.#options;
    if (!podman.enabled || type !== "podman") return undefined;
    for (const socket of podman.sockets) {
      const json = this.#ask(socket, `/v4.0.0/libpod/containers/${fullId}/json`);
      if (json?.at("Id").exists) return fromPodmanApi(json, labelMaxLength);
    }
    return this.#podmanFiles(fullId);
  }

  /** Podman's own store, for those who don't run its service. */
  #podmanFiles(fullId: string): Container | undefined {
    const storage = "/var/lib/containers/storage";
    const known = this.#file(`${storage}/overlay-containers/containers.json`)?.items.find(
      (item) => item.at("id").text === fullId,
    );
    const spec = this.#file(`/run/containers/storage/overlay-containers/${fullId}/userdata/config.json`);
    if (!known && !spec) return undefined;
    const base = fromOciBundle(fullId, "podman", spec ?? new Json({}), this.#options.labelMaxLength);
    const meta = Json.parse(known?.at("metadata").text ?? "");
    const imageId = known?.at("image").text ?? "";
    const image = meta?.at("image-name").text ?? "";
    const cut = image.lastIndexOf(":");
    const tagged = cut > image.lastIndexOf("/");
    return {
      ...base,
      name: known?.at("names").items[0]?.text || base.name,
      image,
      imageId,
      imageRepository: tagged ? image.slice(0, cut) : image,
      imageTag: tagged ? image.slice(cut + 1) : "",
    };
  }

  #bundle(fullId: string, hint: string): Container | undefined {
    if (!this.#options.cri.enabled && !this.#options.containerd.enabled) return undefined;
    for (const [type, path] of BUNDLES) {
      const spec = this.#file(path(fullId));
      if (spec)
        return fromOciBundle(
          fullId,
          hint === "cri" || hint === "" ? type : hint,
          spec,
          this.#options.labelMaxLength,
        );
    }
    return undefined;
  }

  #image(socket: string, id: string): Json | undefined {
    if (id === "") return undefined;
    if (this.#images.has(id)) return this.#images.get(id);
    const image = this.#ask(socket, `/images/${id}/json`);
    if (this.#images.size >= MAX_IMAGES) this.#images.clear();
    this.#images.set(id, image);
    return image;
  }

  #ask(socket: string, path: string): Json | undefined {
    const at = `${this.#options.hostRoot}${socket}`;
    if ((this.#pausedUntil.get(at) ?? 0) > Date.now()) return undefined;
    try {
      const body = this.#get(at, path);
      return body === undefined ? undefined : Json.parse(body);
    } catch {
      // No such runtime here, or one that hangs: the capture must not wait for it again and again.
      this.#pausedUntil.set(at, Date.now() + PAUSE_MS);
      return undefined;
    }
  }

  #file(path: string): Json | undefined {
    try {
      const bytes = readFileSync(`${this.#options.hostRoot}${path}`);
      return bytes.length > MAX_FILE ? undefined : Json.parse(bytes.toString());
    } catch {
      // Absent where this runtime does not run.
      return undefined;
    }
  }
}
