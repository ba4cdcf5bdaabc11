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
