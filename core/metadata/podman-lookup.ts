import { dirname } from "node:path";
import type { Container } from "./container.ts";
import { fromPodmanApi } from "./docker.ts";
import { splitImage } from "./image-name.ts";
import { Json } from "./json.ts";
import type { Monitor } from "./monitor.ts";
import { fromOciBundle } from "./oci-bundle.ts";
import type { RuntimeAccess } from "./runtime-access.ts";

/** Where podman run by root keeps its containers unless told otherwise: a folder for each storage driver. */
const STORAGE = "/var/lib/containers/storage";
const CONTAINERS = "-containers";
const LISTS = ["containers.json", "volatile-containers.json"];
const PRIVILEGED = "io.podman.annotations.privileged";

/** Finds containers of podman, which often runs no service at all. */
export class PodmanLookup {
  readonly #access: RuntimeAccess;
  readonly #sockets: readonly string[];
  readonly #labelMaxLength: number;

  constructor(access: RuntimeAccess, sockets: readonly string[], labelMaxLength: number) {
    this.#access = access;
    this.#sockets = sockets;
    this.#labelMaxLength = labelMaxLength;
  }

  /** Its files first: the service waits for the lock that whoever starts the container holds. */
  starting(fullId: string, monitor: Monitor | undefined): Container | undefined {
    for (const bundle of this.#bundles(fullId, monitor)) {
      const found = this.#fromFiles(fullId, bundle, monitor?.name ?? "");
      if (found) return found;
    }
    return this.running(fullId);
  }

  running(fullId: string): Container | undefined {
    for (const socket of this.#sockets) {
      const json = this.#access.ask(socket, `/v4.0.0/libpod/containers/${fullId}/json`);
      if (json?.at("Id").exists) return fromPodmanApi(json, this.#labelMaxLength);
    }
    return undefined;
  }

  *#bundles(fullId: string, monitor: Monitor | undefined): Generator<string> {
    if (monitor) yield monitor.bundle;
    for (const folder of this.#access.names(STORAGE)) {
      if (folder.endsWith(CONTAINERS)) yield `${STORAGE}/${folder}/${fullId}/userdata`;
    }
  }

  /** A bundle is `<storage>/<driver>-containers/<id>/userdata`; lists of containers and images are beside it. */
  #fromFiles(fullId: string, bundle: string, name: string): Container | undefined {
    const folder = dirname(dirname(bundle));
    const entry = LISTS.map((list) => find(this.#access.file(`${folder}/${list}`), fullId)).find(Boolean);
    const spec = this.#access.file(`${bundle}/config.json`);
    if (!entry && !spec) return undefined;
    const base = fromOciBundle(fullId, "podman", spec ?? new Json({}), this.#labelMaxLength);
    const image = Json.parse(entry?.at("metadata").text ?? "")?.at("image-name").text ?? "";
    const imageId = entry?.at("image").text ?? "";
    const images = folder.endsWith(CONTAINERS) ? `${folder.slice(0, -CONTAINERS.length)}-images` : folder;
    const { repository, tag } = splitImage(image);
    const privileged = spec?.at("annotations", PRIVILEGED).text;
    return {
      ...base,
      name: name || entry?.at("names").items[0]?.text || base.name,
      image,
      imageId,
      imageRepository: repository,
      imageTag: tag,
      imageDigest: find(this.#access.file(`${images}/images.json`), imageId)?.at("digest").text ?? "",
      privileged: privileged ? privileged === "TRUE" : base.privileged,
    };
  }
}

const find = (list: Json | undefined, id: string): Json | undefined =>
  list?.items.find((item) => item.at("id").text === id);
