import { type Container, container, type Mount } from "./container.ts";
import { splitImage } from "./image-name.ts";
import type { Json } from "./json.ts";

const SHORT_ID = 12;
const withoutAlgorithm = (digest: string): string => digest.replace(/^sha256:/, "");

/** In docker's files the mode bears the name that it once had. */
function mountOf(json: Json): Mount {
  return {
    source: json.at("Source").text,
    destination: json.at("Destination").text,
    mode: json.at("Mode").text || json.at("Relabel").text,
    writable: json.at("RW").flag,
    propagation: json.at("Propagation").text,
  };
}

/** Digest, repository and tag of an image: the first repository it is known by, and the entries that agree with it. */
function imageNames(
  image: Json | undefined,
): Pick<Container, "imageRepository" | "imageTag" | "imageDigest"> {
  const digests = image?.at("RepoDigests").items.map((item) => item.text.split("@")) ?? [];
  const tags = image?.at("RepoTags").items.map((item) => splitImage(item.text)) ?? [];
  const repository =
    digests.find((d) => d.length === 2)?.[0] ?? tags.find((t) => t.tag !== "")?.repository ?? "";
  return {
    imageRepository: repository,
    imageTag: tags.find((t) => t.repository === repository && t.tag !== "")?.tag ?? "",
    imageDigest: digests.find((d) => d.length === 2)?.[1] ?? "",
  };
}

/** From the API's answers to `GET /containers/ID/json` and, for the names of the image, `GET /images/ID/json`. */
export function fromDockerApi(json: Json, image: Json | undefined, labelMaxLength: number): Container {
  const fullId = json.at("Id").text;
  const name = json.at("Name").text.replace(/^\//, "");
  const config = json.at("Config");
  const host = json.at("HostConfig");
  const named = imageNames(image);
  return container({
    id: fullId.slice(0, SHORT_ID),
    fullId,
    type: "docker",
    name,
    image: config.at("Image").text,
    imageId: withoutAlgorithm(image?.at("Id").text || json.at("Image").text),
    ...named,
    // An image without names (loaded by id, or no answer about it) still has the one it was asked for by.
    ...(named.imageRepository === "" ? withName(config.at("Image").text) : {}),
    user: config.at("User").text,
    ip: addressOf(json.at("NetworkSettings")),
    privileged: host.at("Privileged").flag,
    hostPid: host.at("PidMode").text === "host",
    hostNetwork: host.at("NetworkMode").text === "host",
    hostIpc: host.at("IpcMode").text === "host",
    isPodSandbox: name.includes("k8s_POD"),
    mounts: json.at("Mounts").items.map(mountOf),
    labels: config.at("Labels").texts(labelMaxLength),
  });
}

const withName = (image: string): Pick<Container, "imageRepository" | "imageTag"> => {
  const { repository, tag } = splitImage(image);
  return { imageRepository: repository, imageTag: tag };
};

const addressOf = (network: Json): string =>
  network.at("IPAddress").text ||
  (network
    .at("Networks")
    .values.map((n) => n.at("IPAddress").text)
    .find(Boolean) ??
    "");

/**
 * From docker's own files: `config.v2.json` and `hostconfig.json` of `<docker root>/containers/<id>/`. They know
 * the image by the name it was asked for only; `image` is what the API says of it, if it can be asked.
 */
export function fromDockerFiles(
  config: Json,
  host: Json | undefined,
  image: Json | undefined,
  labelMaxLength: number,
): Container {
  const fullId = config.at("ID").text;
  const name = config.at("Name").text.replace(/^\//, "");
  const asked = config.at("Config", "Image").text;
  const named = imageNames(image);
  return container({
    id: fullId.slice(0, SHORT_ID),
    fullId,
    type: "docker",
    name,
    image: asked,
    imageId: withoutAlgorithm(config.at("Image").text),
    ...named,
    ...(named.imageRepository === "" ? withName(asked) : {}),
    user: config.at("Config", "User").text,
    ip: addressOf(config.at("NetworkSettings")),
    privileged: host?.at("Privileged").flag ?? false,
    hostPid: host?.at("PidMode").text === "host",
    hostNetwork: host?.at("NetworkMode").text === "host",
    hostIpc: host?.at("IpcMode").text === "host",
    isPodSandbox: name.includes("k8s_POD"),
    mounts: config.at("MountPoints").values.map(mountOf),
    labels: config.at("Config", "Labels").texts(labelMaxLength),
  });
}

/** From podman's answer to `GET /libpod/containers/ID/json`. */
export function fromPodmanApi(json: Json, labelMaxLength: number): Container {
  const base = fromDockerApi(json, undefined, labelMaxLength);
  const image = json.at("ImageName").text;
  return {
    ...base,
    type: "podman",
    image,
    imageDigest: json.at("ImageDigest").text,
    ...withName(image),
  };
}
