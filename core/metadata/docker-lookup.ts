import type { Container } from "./container.ts";
import { fromDockerApi, fromDockerFiles } from "./docker.ts";
import type { Json } from "./json.ts";
import type { Monitor } from "./monitor.ts";
import type { RuntimeAccess } from "./runtime-access.ts";

const DATA_ROOT = "/var/lib/docker";
const MAX_IMAGES = 1000;

/** Finds containers of docker. */
export class DockerLookup {
  readonly #access: RuntimeAccess;
  readonly #sockets: readonly string[];
  readonly #labelMaxLength: number;
  readonly #images = new Map<string, Json | undefined>();
  /** Docker's data directories as services told them, by socket. */
  readonly #roots = new Map<string, string>();

  constructor(access: RuntimeAccess, sockets: readonly string[], labelMaxLength: number) {
    this.#access = access;
    this.#sockets = sockets;
    this.#labelMaxLength = labelMaxLength;
  }

  /** While docker starts a container it answers no question about it, but it has written it down. */
  starting(fullId: string, monitor: Monitor | undefined): Container | undefined {
    return this.#fromFiles(fullId, monitor) ?? this.running(fullId);
  }

  /** What its service says; with more (addresses) and newer (names) than there was when it started. */
  running(fullId: string): Container | undefined {
    for (const socket of this.#sockets) {
      const json = this.#access.ask(socket, `/containers/${fullId}/json`);
      if (!json?.at("Id").exists) continue;
      return fromDockerApi(json, this.#image(socket, json.at("Image").text), this.#labelMaxLength);
    }
    return undefined;
  }

  #fromFiles(fullId: string, monitor: Monitor | undefined): Container | undefined {
    for (const root of this.#dataRoots(fullId, monitor)) {
      const folder = `${root}/containers/${fullId}`;
      const config = this.#access.file(`${folder}/config.v2.json`);
      if (!config) continue;
      const image = this.#sockets.map((socket) => this.#image(socket, config.at("Image").text)).find(Boolean);
      const host = this.#access.file(`${folder}/hostconfig.json`);
      return fromDockerFiles(config, host, image, this.#labelMaxLength);
    }
    return undefined;
  }

  /** Where docker may keep its files: the usual place, where the container's come from, and what services say. */
  *#dataRoots(fullId: string, monitor: Monitor | undefined): Generator<string> {
    yield DATA_ROOT;
    if (monitor) {
      const mounts = this.#access.file(`${monitor.bundle}/config.json`)?.at("mounts").items ?? [];
      const end = `/containers/${fullId}/hostname`;
      const source = mounts.map((mount) => mount.at("source").text).find((path) => path.endsWith(end));
      if (source) yield source.slice(0, -end.length);
    }
    for (const socket of this.#sockets) {
      const root = this.#roots.get(socket) ?? this.#access.ask(socket, "/info")?.at("DockerRootDir").text;
      if (!root) continue;
      this.#roots.set(socket, root);
      yield root;
    }
  }

  #image(socket: string, id: string): Json | undefined {
    if (id === "") return undefined;
    if (this.#images.has(id)) return this.#images.get(id);
    const image = this.#access.ask(socket, `/images/${id}/json`);
    if (this.#images.size >= MAX_IMAGES) this.#images.clear();
    // One that was asked for in vain may be a runtime in a pause.
    if (image) this.#images.set(id, image);
    return image;
  }
}
