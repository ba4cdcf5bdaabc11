import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ContainerLookup, DEFAULT_LOOKUP } from "./container-lookup.ts";
import { httpGetOverUnix } from "./http-get.ts";

const root = mkdtempSync(join(tmpdir(), "falco-lookup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ID = "0123456789abcdef".repeat(4);
const put = (path: string, value: unknown): void => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), JSON.stringify(value));
};
const options = { ...DEFAULT_LOOKUP, hostRoot: root };
const match = (fullId: string, type: string) => ({ id: fullId.slice(0, 12), fullId, type });
const find = (lookup: ContainerLookup, fullId: string, type: string) =>
  lookup.find(match(fullId, type), undefined, []);
const unreachable = (): string => {
  throw new Error("no such socket");
};

test("ContainerLookup reads docker's files when its socket is out of reach", () => {
  put(`var/lib/docker/containers/${ID}/config.v2.json`, {
    ID,
    Name: "/web",
    Image: "sha256:aa",
    Config: {
      Image: "registry.example:5000/team/web:1.2",
      User: "1000",
      Labels: { a: "b", long: "x".repeat(101) },
    },
    MountPoints: {
      "/data": { Source: "/srv", Destination: "/data", RW: true, Relabel: "z", Propagation: "rprivate" },
    },
  });
  put(`var/lib/docker/containers/${ID}/hostconfig.json`, { Privileged: true, PidMode: "host" });
  expect(find(new ContainerLookup(options, unreachable), ID, "docker")).toMatchObject({
    id: "0123456789ab",
    fullId: ID,
    type: "docker",
    name: "web",
    imageRepository: "registry.example:5000/team/web",
    imageTag: "1.2",
    imageId: "aa",
    user: "1000",
    privileged: true,
    hostPid: true,
    labels: { a: "b" },
    mounts: [{ source: "/srv", destination: "/data", mode: "z", writable: true, propagation: "rprivate" }],
  });
});

test("ContainerLookup reads the bundle that containerd's CRI plugin wrote", () => {
  const id = "f".repeat(64);
  put(`run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/config.json`, {
    annotations: {
      "io.kubernetes.cri.container-name": "app",
      "io.kubernetes.cri.image-name": "docker.io/library/nginx:1.27",
      "io.kubernetes.cri.sandbox-id": "e".repeat(64),
      "io.kubernetes.cri.sandbox-name": "web-0",
      "io.kubernetes.cri.sandbox-namespace": "shop",
      "io.kubernetes.cri.sandbox-uid": "u-1",
    },
    process: { user: { uid: 33 } },
    linux: { namespaces: [{ type: "pid" }, { type: "ipc" }], maskedPaths: ["/proc/kcore"] },
  });
  expect(find(new ContainerLookup(options, unreachable), id, "cri")).toMatchObject({
    type: "containerd",
    name: "app",
    imageRepository: "docker.io/library/nginx",
    imageTag: "1.27",
    user: "33",
    hostNetwork: true,
    hostPid: false,
    privileged: false,
    podSandboxId: "e".repeat(64),
    labels: {
      "io.kubernetes.pod.name": "web-0",
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.pod.uid": "u-1",
    },
  });
});

test("ContainerLookup finds a bundle through the shim that works in it, wherever containerd keeps it", () => {
  const id = "web-1";
  put(`srv/containerd/tasks/team/${id}/config.json`, {
    annotations: { "nerdctl/name": "web", "nerdctl/image-ref": "docker.io/library/nginx:1.27@sha256:aa" },
    linux: { namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "network" }] },
  });
  const shim = { comm: "containerd-shim", args: [], cwd: `/srv/containerd/tasks/team/${id}/` };
  const lookup = new ContainerLookup(options, unreachable);
  expect(lookup.find(match(id, "containerd"), undefined, [shim])).toMatchObject({
    type: "containerd",
    name: "web",
    imageRepository: "docker.io/library/nginx",
    imageTag: "1.27",
    imageDigest: "sha256:aa",
    hostNetwork: false,
  });
});

test("ContainerLookup finds bundles in all of containerd's namespaces", () => {
  put("run/containerd/io.containerd.runtime.v2.task/team/job-7/config.json", {
    annotations: { "nerdctl/name": "job" },
  });
  expect(find(new ContainerLookup(options, unreachable), "job-7", "containerd")).toMatchObject({
    id: "job-7",
    type: "containerd",
    name: "job",
  });
});

test("ContainerLookup finds docker's data directory in the bundle that its container's shim works in", () => {
  const id = "d".repeat(64);
  put(`run/elsewhere/moby/${id}/config.json`, {
    mounts: [
      { destination: "/proc", source: "proc" },
      { destination: "/etc/hostname", source: `/home/ann/.local/share/docker/containers/${id}/hostname` },
    ],
  });
  put(`home/ann/.local/share/docker/containers/${id}/config.v2.json`, { ID: id, Name: "/rootless" });
  const shim = { comm: "containerd-shim", args: ["-id", id], cwd: `/run/elsewhere/moby/${id}/` };
  expect(
    new ContainerLookup(options, unreachable).find(match(id, "docker"), undefined, [shim]),
  ).toMatchObject({
    type: "docker",
    name: "rootless",
  });
});

const conmon = (id: string, name: string, bundle: string) => ({
  comm: "conmon",
  args: ["--api-version", "1", "-c", id, "-u", id, "-r", "/usr/bin/crun", "-b", bundle, "-n", name],
  cwd: "/",
});

test("ContainerLookup finds a container of rootless podman through its conmon", () => {
  const id = "b".repeat(64);
  const storage = "home/ann/.local/share/containers/storage";
  const bundle = `/${storage}/overlay-containers/${id}/userdata`;
  put(`${bundle}/config.json`, { annotations: { "io.podman.annotations.privileged": "TRUE" } });
  put(`${storage}/overlay-containers/volatile-containers.json`, [
    { id, names: ["blue"], image: "ee", metadata: JSON.stringify({ "image-name": "quay.io/team/app:7" }) },
  ]);
  put(`${storage}/overlay-images/images.json`, [{ id: "ee", digest: "sha256:dd" }]);
  const lookup = new ContainerLookup(options, unreachable);
  expect(lookup.find(match(id, "podman"), undefined, [conmon(id, "blue", bundle)])).toMatchObject({
    type: "podman",
    name: "blue",
    imageId: "ee",
    imageRepository: "quay.io/team/app",
    imageTag: "7",
    imageDigest: "sha256:dd",
    privileged: true,
  });
});

test("ContainerLookup finds a container of root's podman, whatever its storage driver", () => {
  const id = "9".repeat(64);
  put("var/lib/containers/storage/btrfs-containers/containers.json", [
    { id, names: ["old"], image: "ee", metadata: JSON.stringify({ "image-name": "quay.io/team/app" }) },
  ]);
  expect(find(new ContainerLookup(options, unreachable), id, "podman")).toMatchObject({
    name: "old",
    imageRepository: "quay.io/team/app",
    imageTag: "",
  });
});

test("ContainerLookup reads the bundle that CRI-O wrote, of containers and of pods' sandboxes", () => {
  const id = "7".repeat(64);
  const sandbox = "6".repeat(64);
  const pod = {
    "io.kubernetes.pod.name": "web-0",
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.uid": "u-1",
    "io.kubernetes.cri-o.SandboxID": sandbox,
  };
  const bundle = (of: string): string => `/run/containers/storage/overlay-containers/${of}/userdata`;
  put(`${bundle(id)}/config.json`, {
    annotations: {
      ...pod,
      "io.kubernetes.container.name": "app",
      "io.kubernetes.cri-o.ContainerType": "container",
      "io.kubernetes.cri-o.ImageName": "registry.k8s.io/app:3",
    },
  });
  put(`${bundle(sandbox)}/config.json`, {
    annotations: {
      ...pod,
      "io.kubernetes.cri-o.ContainerType": "sandbox",
      "io.kubernetes.cri-o.IP.0": "10.85.0.7",
    },
  });
  const lookup = new ContainerLookup(options, unreachable);
  const ancestors = [conmon(id, "k8s_app_web-0_shop_u-1_0", bundle(id))];
  expect(lookup.find(match(id, "cri"), undefined, ancestors)).toMatchObject({
    type: "cri-o",
    name: "app",
    imageRepository: "registry.k8s.io/app",
    isPodSandbox: false,
    podSandboxId: sandbox,
    labels: { "io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.uid": "u-1" },
  });
  expect(find(lookup, sandbox, "cri")).toMatchObject({ type: "cri-o", isPodSandbox: true, ip: "10.85.0.7" });
});

test("ContainerLookup asks docker again about a container that runs: a second on, and ever more seldom", () => {
  const id = "5".repeat(64);
  const answers = new Map([[`/containers/${id}/json`, { Id: id, Name: "/first" }]]);
  const paths: string[] = [];
  const lookup = new ContainerLookup(options, (_socket, path) => {
    paths.push(path);
    const answer = answers.get(path);
    return answer && JSON.stringify(answer);
  });
  const known = lookup.find(match(id, "docker"), undefined, [], 0);
  expect(known?.name).toBe("first");
  answers.set(`/containers/${id}/json`, { Id: id, Name: "/second" });
  expect(lookup.find(match(id, "docker"), known, [], 500)).toBeUndefined();
  expect(lookup.find(match(id, "docker"), known, [], 1500)?.name).toBe("second");
  const before = paths.length;
  expect(lookup.find(match(id, "docker"), known, [], 3000)).toBeUndefined();
  expect(paths.length).toBe(before);
  answers.set(`/containers/${id}/json`, { Id: id, Name: "/third" });
  expect(lookup.find(match(id, "docker"), known, [], 3500)?.name).toBe("third");
});

test("ContainerLookup takes no other container's monitor, and none of its words for a relative path", () => {
  const id = "4".repeat(64);
  put("etc/config.json", { annotations: { "nerdctl/name": "wrong" } });
  const ancestors = [conmon("3".repeat(64), "other", "/etc"), conmon(id, "relative", "etc")];
  expect(
    new ContainerLookup(options, unreachable).find(match(id, "cri"), undefined, ancestors),
  ).toBeUndefined();
});

test("ContainerLookup leaves a runtime alone after it failed to answer", () => {
  let calls = 0;
  const lookup = new ContainerLookup(options, () => {
    calls++;
    throw new Error("timeout");
  });
  find(lookup, "1".repeat(64), "docker");
  find(lookup, "2".repeat(64), "docker");
  expect(calls).toBe(1);
});

test("ContainerLookup takes no path from an id", () => {
  expect(find(new ContainerLookup(options, unreachable), "../../etc/passwd", "docker")).toBeUndefined();
});

test("httpGetOverUnix gets a body over a unix socket, blocking", async () => {
  const socket = join(root, "api.sock");
  const worker = new Worker(
    URL.createObjectURL(
      new Blob([
        `Bun.serve({ unix: ${JSON.stringify(socket)}, fetch: (r) => new Response("hello " + new URL(r.url).pathname,
          { status: r.url.endsWith("no") ? 404 : 200 }) }); postMessage("up")`,
      ]),
    ),
  );
  await new Promise((resolve) => worker.addEventListener("message", resolve));
  try {
    expect(httpGetOverUnix(socket, "/x")).toBe("hello /x");
    expect(httpGetOverUnix(socket, "/no")).toBeUndefined();
  } finally {
    worker.terminate();
  }
});

test("httpGetOverUnix throws when nobody listens", () => {
  expect(() => httpGetOverUnix(join(root, "absent.sock"), "/")).toThrow("ENOENT");
});
