import { describe, expect, test } from "bun:test";
import { containerOfCgroups } from "./cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const SHORT = ID.slice(0, 12);

/** Paths as runtimes make them, with the engine and the id that they tell. */
const PATHS: readonly (readonly [path: string, type: string, id: string])[] = [
  [`/docker/${ID}`, "docker", SHORT],
  [`/system.slice/docker-${ID}.scope`, "docker", SHORT],
  [`/machine.slice/libpod-${ID}.scope`, "podman", SHORT],
  [`/machine.slice/libpod-${ID}.scope/container`, "podman", SHORT],
  [`/kubepods/besteffort/pod1/${ID}`, "docker", SHORT],
  [`/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope`, "cri", SHORT],
  [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`, "cri", SHORT],
  [`/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:${ID}`, "cri", SHORT],
  [`/default/${"a".repeat(20)}`, "containerd", "a".repeat(12)],
  ["/lxc/web/init.scope", "lxc", "web"],
  ["/lxc.payload.web/x.service", "lxc", "web"],
  ["/machine.slice/web.libvirt-lxc", "containerd", "web.libvirt-"],
];
const HOST = [
  "/",
  "/user.slice/user-1000.slice/session-1.scope",
  "/system.slice/nginx.service",
  "/init.scope",
];

describe("containerOfCgroups", () => {
  for (const [path, type, id] of PATHS) {
    test(`takes ${path.replaceAll(ID, "ID")} for ${type}'s`, () => {
      expect(containerOfCgroups([`cpu=${path}`])).toMatchObject({ type, id });
    });
  }

  for (const path of HOST) {
    test(`takes ${path} for the host's`, () => {
      expect(containerOfCgroups([`cpu=${path}`])).toBeUndefined();
    });
  }

  test("takes the first path that tells something", () => {
    expect(containerOfCgroups(["cpu=/", `memory=/docker/${ID}`, "pids=/lxc/other"])?.id).toBe(SHORT);
  });

  test("asks for 64 characters, hexadecimal within the first 64 of the path", () => {
    expect(containerOfCgroups([`cpu=/docker/${ID}0.scope`])).toBeUndefined();
    expect(containerOfCgroups([`cpu=/docker-${"z".repeat(64)}.scope`])).toBeUndefined();
  });
});
