import { expect, test } from "bun:test";
import { loadConfig } from "./config/load.ts";
import { engineStart } from "./settings.ts";

const criSockets = (...overrides: string[]): readonly string[] =>
  engineStart(loadConfig({ overrides: ["engine.kind=nodriver", ...overrides], path: "/dev/null" }).config)
    .containers.cri.sockets;

test("engineStart asks CRI runtimes at the plugin's sockets, else the common ones, else where they usually are", () => {
  const usual = criSockets();
  expect(usual).toContain("/run/containerd/containerd.sock");
  expect(usual).toContain("/run/k3s/containerd/containerd.sock");
  const common = "container_engines={cri: {enabled: true, sockets: [/common.sock]}}";
  expect(criSockets(common)).toEqual(["/common.sock"]);
  const own =
    "plugins[]={name: container, library_path: libcontainer.so, init_config: {engines: {cri: {sockets: [/own.sock]}}}}";
  expect(criSockets(own, common)).toEqual(["/own.sock"]);
});
