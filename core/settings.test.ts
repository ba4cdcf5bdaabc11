import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
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

const taskset = Bun.which("taskset");
const MEGABYTE = 1 << 20;

test.skipIf(!taskset)(
  `engineStart gives the buffer memory for all CPUs of the machine, also where it may use one only${taskset ? "" : " (taskset is not installed)"}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-settings-"));
    const script = join(dir, "script.ts");
    const load = JSON.stringify(join(import.meta.dir, "config", "load.ts"));
    const settings = JSON.stringify(join(import.meta.dir, "settings.ts"));
    writeFileSync(
      script,
      `import { loadConfig } from ${load};
       import { engineStart } from ${settings};
       const overrides = ["engine.kind=modern_ebpf", "engine.modern_ebpf.cpus_for_each_buffer=1"];
       console.log(engineStart(loadConfig({ overrides, path: "/dev/null" }).config).source.bufferBytes);`,
    );
    const { stdout } = Bun.spawnSync([taskset!, "-c", "0", process.execPath, script], { stderr: "inherit" });
    rmSync(dir, { recursive: true });
    expect(Number(stdout.toString())).toBe(8 * MEGABYTE * cpus().length);
  },
);
