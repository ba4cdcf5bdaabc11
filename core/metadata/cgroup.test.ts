import { describe, expect, test } from "bun:test";
import { containerOfCgroups } from "./cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const SHORT = ID.slice(0, 12);

const POD = "a9f41620-b165-4d24-abe0-af0af92e7b20";
const POD_UNIT = POD.replaceAll("-", "_");
const USER = "/user.slice/user-1000.slice/user@1000.service";

/** Paths as runtimes make them, with the engine and the id that they tell. */
const PATHS: readonly (readonly [path: string, type: string, id: string])[] = [
  // docker: cgroupfs and systemd drivers, a parent of its own, rootless, docker in docker
  [`/docker/${ID}`, "docker", SHORT],
  [`/system.slice/docker-${ID}.scope`, "docker", SHORT],
  [`/my.slice/docker-${ID}.scope`, "docker", SHORT],
  [`${USER}/app.slice/docker-${ID}.scope`, "docker", SHORT],
  [`/docker/${"f".repeat(64)}/docker/${ID}`, "docker", SHORT],
  [`/system.slice/docker-${"f".repeat(64)}.scope/docker/${ID}`, "docker", SHORT],
  [`/../../system.slice/docker-${ID}.scope`, "docker", SHORT],
  // podman: rootful and rootless, systemd and cgroupfs, with split cgroups, in a pod
  [`/machine.slice/libpod-${ID}.scope`, "podman", SHORT],
  [`/machine.slice/libpod-${ID}.scope/container`, "podman", SHORT],
  [`/libpod_parent/libpod-${ID}`, "podman", SHORT],
  [`${USER}/user.slice/libpod-${ID}.scope`, "podman", SHORT],
  [`${USER}/user.slice/libpod-${ID}.scope/container`, "podman", SHORT],
  [`${USER}/app.slice/web.service/libpod-payload-${ID}`, "podman", SHORT],
  [`/system.slice/web.service/libpod-payload-${ID}`, "podman", SHORT],
  [`/machine.slice/machine-libpod_pod_${"e".repeat(64)}.slice/libpod-${ID}.scope`, "podman", SHORT],
  // Kubernetes: docker, containerd and CRI-O, cgroupfs and systemd drivers
  [`/kubepods/besteffort/pod${POD}/${ID}`, "docker", SHORT],
  [`/kubepods/pod${POD}/${ID}`, "docker", SHORT],
  [`/kubepods.slice/kubepods-pod${POD_UNIT}.slice/docker-${ID}.scope`, "docker", SHORT],
  [`/kubepods/burstable/pod${POD}/crio-${ID}`, "cri", SHORT],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD_UNIT}.slice/crio-${ID}.scope`,
    "cri",
    SHORT,
  ],
  [
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${POD_UNIT}.slice/cri-containerd-${ID}.scope`,
    "cri",
    SHORT,
  ],
  [
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${POD_UNIT}.slice/cri-containerd-${ID}.scope`,
    "cri",
    SHORT,
  ],
  [
    `/system.slice/containerd.service/kubepods-burstable-pod${POD_UNIT}.slice:cri-containerd:${ID}`,
    "cri",
    SHORT,
  ],
  [`/kubepods-besteffort-pod${POD_UNIT}.slice:cri-containerd:${ID}`, "cri", SHORT],
  // containerd without CRI: nerdctl and ctr, whose ids are free text
  [`/system.slice/nerdctl-${ID}.scope`, "cri", SHORT],
  [`/default/${"a".repeat(20)}`, "containerd", "a".repeat(12)],
  ["/default/web", "containerd", "web"],
  ["/k8s.io/web-1", "containerd", "web-1"],
  // the others, whose ids are shown whole
  ["/lxc/web", "lxc", "web"],
  ["/lxc/web/init.scope", "lxc", "web"],
  ["/lxc.payload/web/system.slice/nginx.service", "lxc", "web"],
  ["/lxc.payload.web/x.service", "lxc", "web"],
  ["/lxc.payload.a-name-of-some-length", "lxc", "a-name-of-some-length"],
  ["/machine/web.libvirt-lxc", "libvirt-lxc", "web"],
  ["/machine.slice/web.libvirt-lxc", "libvirt-lxc", "web"],
  [String.raw`/machine.slice/machine-lxc\x2d1234\x2dweb.scope`, "libvirt-lxc", String.raw`1234\x2dweb`],
  [
    String.raw`/machine.slice/machine-lxc\x2d1234\x2dweb.scope/libvirt`,
    "libvirt-lxc",
    String.raw`1234\x2dweb`,
  ],
  ["/libvirt/lxc/web", "libvirt-lxc", "web"],
  [`/mesos/${POD}`, "mesos", POD],
  [`/system.slice/mesos-slave.service/mesos/${POD}`, "mesos", POD],
  [
    `/machine.slice/machine-rkt${String.raw`\x2d`}${POD.replaceAll("-", String.raw`\x2d`)}.scope/system.slice/etcd.service`,
    "rkt",
    `${POD}:etcd`,
  ],
  ["/system.slice/runc-bpm-uaa.scope", "bpm", "uaa"],
];
const HOST = [
  "/",
  "/user.slice/user-1000.slice/session-1.scope",
  `${USER}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope`,
  "/system.slice/nginx.service",
  "/system.slice/docker.service",
  "/init.scope",
  "/lxc.monitor.web",
  "/kubepods.slice/kubepods-besteffort.slice",
  `/machine.slice/libpod-conmon-${ID}.scope`,
  "/libpod_parent/conmon",
  `/mesos/${POD.slice(1)}/x.slice`,
];

describe("containerOfCgroups", () => {
  for (const [path, type, id] of PATHS) {
    test(`takes ${path.replaceAll(ID, "ID").replaceAll(POD, "UUID")} for ${type}'s`, () => {
      expect(containerOfCgroups([`cpu=${path}`])).toMatchObject({ type, id });
    });
  }

  for (const path of HOST) {
    test(`takes ${path} for the host's`, () => {
      expect(containerOfCgroups([`cpu=${path}`])).toBeUndefined();
    });
  }

  test("looks into every hierarchy, of cgroup v1, v2 and both at once", () => {
    const v1 = ["cpuset=/", "cpu=/user.slice", `memory=/docker/${ID}`];
    const v2 = [`cpu=/system.slice/docker-${ID}.scope`];
    const hybrid = ["cpu=/", "memory=/", `name=systemd=/docker/${ID}`];
    for (const groups of [v1, v2])
      expect(containerOfCgroups(groups)).toMatchObject({ id: SHORT, type: "docker" });
    expect(containerOfCgroups(hybrid)?.id).toBe(SHORT);
  });

  test("takes the first path that tells something", () => {
    expect(containerOfCgroups(["cpu=/", `memory=/docker/${ID}`, "pids=/lxc/other"])?.id).toBe(SHORT);
  });

  test("asks for 64 characters, hexadecimal within the first 64 of the path", () => {
    expect(containerOfCgroups([`cpu=/docker/${ID}0.scope`])).toBeUndefined();
    expect(containerOfCgroups([`cpu=/docker-${"z".repeat(64)}.scope`])).toBeUndefined();
  });
});
