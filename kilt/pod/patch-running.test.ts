import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { KubeApi, type Pod } from "../../tests/harness/kube-api.ts";
import { eventually } from "../../tests/harness/programs.ts";
import { parseDefinition } from "../definition.ts";
import { startOf } from "./agent.ts";
import { Kubectl } from "./kubectl.ts";
import { type PatchPodOptions, patchRunning, unpatchRunning } from "./patch-running.ts";
import { podName, runningContainer } from "./running-pod.ts";

const noKubectl = Bun.which("kubectl") ? undefined : "kubectl is not installed";
if (noKubectl) console.log(`skipped: patchRunning() by a real kubectl: ${noKubectl}`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kilt-pod-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const podOf = (): Pod => ({
  metadata: { name: "web", namespace: "default", annotations: {}, labels: { app: "web" } },
  spec: {
    containers: [{ name: "app", image: "busybox", command: ["/app"], env: [{ name: "A", value: "1" }] }],
  },
  status: {
    phase: "Running",
    containerStatuses: [{ name: "app", containerID: "x://1", state: { running: {} } }],
  },
});

const owner = `${process.getuid?.()}, gid: ${process.getgid?.()}`;
const define = (text: string) => parseDefinition({ name: "d", text });
/** Two files and a program that lives until it is told to end. */
const definition = () =>
  define(`runtime {
    upload: [
      { text: "hello from "\${original.container_name}, as: "${folder}/in/hello", uid: ${owner}, permissions: 0640 }
      { file: "tool.gz", as: "${folder}/tool", gzipped: true, uid: ${owner} }
    ]
    exec: [{ run: ["${folder}/tool", "a b"] }]
  }`);

function optionsOf(more: Partial<PatchPodOptions> = {}): PatchPodOptions & { steps: string[] } {
  const steps: string[] = [];
  writeFileSync(join(folder, "tool.gz"), gzipSync("#!/bin/sh\nexec sleep 60\n"));
  return {
    pod: "web",
    definition: definition(),
    folder,
    dryRun: false,
    agent: { image: "falco:1", profile: "general" },
    progress: (step) => steps.push(step),
    steps,
    ...more,
  };
}

/** Runs `check` with a real kubectl, whose API server runs what is executed here, and not in a container. */
async function withKubectl(
  check: (kubectl: Kubectl, api: KubeApi) => Promise<void>,
  shell = true,
): Promise<void> {
  const api = new KubeApi(podOf(), (_, argv) => {
    if (!shell && argv[0] === "sh") throw new Error('exec: "sh": executable file not found in $PATH');
    return Bun.spawn([...argv], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  });
  const config = join(folder, "kubeconfig");
  writeFileSync(config, api.kubeconfig);
  try {
    await check(new Kubectl(["--kubeconfig", config, "--namespace", "default"]), api);
  } finally {
    await api.stop();
  }
}

describe.skipIf(noKubectl !== undefined)("patchRunning() by a real kubectl", () => {
  test("uploads, starts, does nothing the second time, and undoes everything", async () => {
    await withKubectl(async (kubectl, api) => {
      writeFileSync(join(folder, "tool"), "there before");
      const options = optionsOf();
      const first = await patchRunning(kubectl, options);
      expect(first).toMatchObject({
        container: "app",
        outcome: "patched",
        files: [`${folder}/in/hello`, `${folder}/tool`],
      });
      expect(readFileSync(join(folder, "in/hello"), "utf8")).toBe("hello from app");
      expect(statSync(join(folder, "in/hello")).mode & 0o7777).toBe(0o640);
      expect(statSync(join(folder, "tool")).mode & 0o7777).toBe(0o755);
      const [process_] = first.processes;
      expect(startOf(process_!.pid)).toBe(process_!.start);
      expect(options.steps.at(-1)).toBe(`start ${folder}/tool a b`);

      const changes = api.seen.length;
      expect(await patchRunning(kubectl, optionsOf())).toMatchObject({
        outcome: "unchanged",
        processes: first.processes,
      });
      expect(api.seen.length).toBe(changes);

      expect(await unpatchRunning(kubectl, optionsOf())).toMatchObject({ outcome: "undone" });
      await eventually(() => startOf(process_!.pid) !== process_!.start);
      expect(isGone(process_!.pid)).toBe(true);
      expect(existsSync(join(folder, "in/hello"))).toBe(false);
      expect(readFileSync(join(folder, "tool"), "utf8")).toBe("there before");
      expect(api.pod.metadata.annotations).toEqual({});
      expect(await unpatchRunning(kubectl, optionsOf())).toMatchObject({ outcome: "unchanged" });
    });
  });

  test("a megabyte arrives byte for byte", async () => {
    await withKubectl(async (kubectl) => {
      const bytes = crypto.getRandomValues(new Uint8Array(65536));
      const big = Buffer.concat(Array.from({ length: 17 }, () => bytes));
      writeFileSync(join(folder, "big"), big);
      const text = `runtime.upload: [{ file: big, as: "${folder}/out", uid: ${owner} }]`;
      await patchRunning(kubectl, optionsOf({ definition: define(text) }));
      expect(readFileSync(join(folder, "out")).equals(big)).toBe(true);
    });
  });

  test("another patch replaces the first; a restarted container is patched anew", async () => {
    await withKubectl(async (kubectl, api) => {
      const patchWith = (name: string) =>
        patchRunning(
          kubectl,
          optionsOf({
            definition: define(`runtime.upload: [{ text: x, as: "${folder}/${name}", uid: ${owner} }]`),
          }),
        );
      await patchWith("one");
      await patchWith("two");
      expect([existsSync(join(folder, "one")), existsSync(join(folder, "two"))]).toEqual([false, true]);
      api.pod.status.containerStatuses[0]!.containerID = "x://2";
      expect((await patchWith("two")).outcome).toBe("patched");
    });
  });

  test("what failed is undone and said", async () => {
    await withKubectl(async (kubectl, api) => {
      const text = `runtime { upload: [{ text: x, as: "${folder}/one", uid: ${owner} }], exec: [{ run: ["${folder}/no-such"] }] }`;
      const patched = patchRunning(kubectl, optionsOf({ definition: define(text) }));
      await expect(patched).rejects.toThrow(`Cannot start ${folder}/no-such`);
      expect(existsSync(join(folder, "one"))).toBe(false);
      expect(api.pod.metadata.annotations).toEqual({});
    });
  });

  test("--dry-run changes nothing and says what would be done", async () => {
    await withKubectl(async (kubectl, api) => {
      const { outcome, steps } = await patchRunning(kubectl, optionsOf({ dryRun: true }));
      expect(outcome).toBe("dry-run");
      expect(steps).toEqual([
        `upload text to ${folder}/in/hello (0640 ${process.getuid?.()}:${process.getgid?.()})`,
        `upload file tool.gz to ${folder}/tool (0755 ${process.getuid?.()}:${process.getgid?.()})`,
        `start ${folder}/tool a b`,
      ]);
      expect(api.seen).toEqual([]);
    });
  });

  test("without a shell, falco is put beside the container", async () => {
    await withKubectl(async (kubectl, api) => {
      const text = `runtime.upload: [{ text: x, as: "/x" }]`;
      // The fake container has no falco: what is asserted is what would be run in it.
      await expect(patchRunning(kubectl, optionsOf({ definition: define(text) }))).rejects.toThrow(
        "Cannot upload /x",
      );
      const agent = api.pod.spec.ephemeralContainers?.[0];
      const name = String(agent?.name);
      expect(agent).toMatchObject({
        name: expect.stringMatching(/^kilt-[0-9a-f]{8}$/),
        image: "falco:1",
        command: ["/opt/falco/falco", "kilt", "wait"],
        targetContainerName: "app",
        securityContext: { capabilities: { add: ["SYS_PTRACE"] } },
      });
      expect(api.seen.filter((line) => line.includes("agent"))).toEqual([
        `EXEC ${name}: /opt/falco/falco kilt agent upload /x 755 0:0 1`,
        `EXEC ${name}: /opt/falco/falco kilt agent undo -- /x`,
      ]);
    }, false);
  });
});

/** A process that ended may wait as a zombie for whoever is its parent here. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return true;
  return / Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

/** A stand-in that writes down how it was called and answers from files beside it. */
function recorder(): Kubectl {
  const program = join(folder, "kubectl");
  writeFileSync(join(folder, "pod.json"), JSON.stringify(podOf()));
  writeFileSync(
    program,
    `#!/bin/sh
printf '%s\\037' "$@" >> "${folder}/calls"; echo >> "${folder}/calls"
case "$*" in
  *" get "*) cat "${folder}/pod.json";;
  *"kilt-ready"*) echo kilt-ready;;
  *"kilt-started"*) echo "kilt-started 42 777";;
  *" exec "*) cat > /dev/null; echo kilt-done;;
esac
`,
  );
  chmodSync(program, 0o755);
  return new Kubectl(["--context", "c", "--namespace", "n"], program);
}
const calls = (): string[][] =>
  readFileSync(join(folder, "calls"), "utf8")
    .split("\x1f\n")
    .filter(Boolean)
    .map((line) => line.split("\x1f"));

describe("the commands that kubectl is given", () => {
  const text =
    'runtime { upload: [{ text: abc, as: "/in/x", uid: 7, gid: 8, permissions: 0600 }], exec: [{ run: [/in/x, "-v w"] }] }';

  test("patch reads the pod, probes, uploads, starts and annotates", async () => {
    const result = await patchRunning(recorder(), optionsOf({ definition: define(text), container: "app" }));
    expect(result.processes).toEqual([{ pid: 42, start: "777" }]);
    const all = calls();
    expect(all.every((words) => words.slice(0, 4).join(" ") === "--context c --namespace n")).toBe(true);
    // The script itself is what the tests with a real kubectl run.
    const short = all.map((words) =>
      words.slice(4).map((word) => (word.includes("\n") || word.includes(";") ? "SCRIPT" : word)),
    );
    const at = ["web", "-c", "app", "--", "sh", "-c", "SCRIPT", "kilt"];
    expect(short).toEqual([
      ["get", "pod", "web", "-o", "json"],
      ["exec", ...at],
      ["exec", "-i", ...at, "/in/x", "600", "7:8", "3"],
      ["exec", ...at, "/in/x", "-v w"],
      ["annotate", "pod", "web", "--overwrite", expect.stringContaining("falco.org/kilt-runtime=")],
    ]);
    const record = JSON.parse(short.at(-1)!.at(-1)!.split("=").slice(1).join("="));
    expect(record.app).toMatchObject({
      id: "x://1",
      files: ["/in/x"],
      processes: [{ pid: 42, start: "777" }],
    });
  });

  test("unpatch ends what was started, removes what was uploaded, and takes the annotation away", async () => {
    const kubectl = recorder();
    const record = { id: "x://1", digest: "d", files: ["/in/x"], processes: [{ pid: 42, start: "777" }] };
    const pod = podOf();
    pod.metadata.annotations["falco.org/kilt-runtime"] = JSON.stringify({ app: record });
    writeFileSync(join(folder, "pod.json"), JSON.stringify(pod));
    await unpatchRunning(kubectl, optionsOf());
    const [, , undo, annotate] = calls();
    expect(undo!.slice(-4)).toEqual(["42", "777", "--", "/in/x"]);
    expect(annotate!.slice(4)).toEqual(["annotate", "pod", "web", "--overwrite", "falco.org/kilt-runtime-"]);
  });

  test("a forged annotation is not acted upon", async () => {
    const kubectl = recorder();
    for (const forged of [
      "{",
      '{"app":1}',
      '{"app":{"id":"x://1","digest":"d","files":[],"processes":[{"pid":"1; rm","start":"1"}]}}',
    ]) {
      const pod = podOf();
      pod.metadata.annotations["falco.org/kilt-runtime"] = forged;
      writeFileSync(join(folder, "pod.json"), JSON.stringify(pod));
      expect(await unpatchRunning(kubectl, optionsOf())).toMatchObject({ outcome: "unchanged" });
    }
  });
});

describe("runningContainer()", () => {
  const reading = async (change: (pod: Pod) => void, wanted?: string) => {
    const kubectl = recorder();
    const pod = podOf();
    change(pod);
    writeFileSync(join(folder, "pod.json"), JSON.stringify(pod));
    return runningContainer(kubectl, "web", wanted);
  };
  const second = (pod: Pod): void => {
    pod.spec.containers.push({ name: "side" });
    pod.status.containerStatuses.push({ name: "side", containerID: "x://9", state: { running: {} } });
  };

  test("reads what a definition may ask for", async () => {
    const { id, target } = await reading(() => {});
    expect(id).toBe("x://1");
    expect(target).toMatchObject({
      image: "busybox",
      containerName: "app",
      containerGroupName: "web",
      entryPoint: ["/app"],
    });
    expect(target.environmentVariables.get("A")).toBe("1");
    expect(target.metadata.get("app")).toBe("web");
  });

  test("picks the container that is named, or the pod's default", async () => {
    expect((await reading(second, "side")).id).toBe("x://9");
    const byDefault = (pod: Pod): void => {
      second(pod);
      pod.metadata.annotations["kubectl.kubernetes.io/default-container"] = "side";
    };
    expect((await reading(byDefault)).container).toBe("side");
  });

  test("says why a container cannot be patched", async () => {
    await expect(reading(second)).rejects.toThrow("several containers");
    await expect(reading(() => {}, "nope")).rejects.toThrow('no container "nope"');
    const stopped = (pod: Pod): void => {
      pod.status.containerStatuses[0]!.state = { waiting: {} };
    };
    await expect(reading(stopped)).rejects.toThrow("not running");
    await expect(runningContainer(new Kubectl([], join(folder, "no-kubectl")), "web")).rejects.toThrow(
      "Cannot run",
    );
    await expect(runningContainer(new Kubectl([], "false"), "web")).rejects.toThrow("Cannot read pod web");
  });
});

describe("podName()", () => {
  test("takes pods only", () => {
    expect(["pod/a", "pods/a.b", "web-1"].map(podName)).toEqual(["a", "a.b", "web-1"]);
    for (const bad of ["deploy/web", "pod/", "-n", "pod/A B", "pod/x/y"])
      expect(() => podName(bad)).toThrow("expected pod/NAME");
  });
});
