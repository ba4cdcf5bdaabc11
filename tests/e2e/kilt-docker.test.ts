import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../cmd/root.ts";
import { VERSIONS } from "../../core/versions.ts";
import { patchTemplate } from "../../kilt/cfn/patch-template.ts";
import { loadDefinition, parseDefinition } from "../../kilt/definition.ts";
import { Kubectl } from "../../kilt/pod/kubectl.ts";
import { type PatchPodOptions, patchRunning, unpatchRunning } from "../../kilt/pod/patch-running.ts";
import { image } from "../build/image.ts";
import { Docker } from "../harness/docker.ts";
import { KubeApi, type Pod } from "../harness/kube-api.ts";
import { eventually } from "../harness/programs.ts";
import { tempDir } from "../harness/temp-dir.ts";

const TAG = `falco:${VERSIONS.falco}`;
const BUSYBOX = "busybox:test";
const folder = tempDir();
const docker = await Docker.start();
const noBusybox = typeof docker === "string" ? docker : docker.importBusybox(BUSYBOX);
const noTrace =
  noBusybox ?? (Object.hasOwn(root.commands ?? {}, "trace") ? undefined : "this build has no falco trace");
const noKubectl = noBusybox ?? (Bun.which("kubectl") ? undefined : "kubectl is not installed");
const skipping = (reason: string | undefined): string =>
  reason === undefined ? "" : ` [skipped: ${reason}]`;

/** Runs docker and returns what it printed; fails the test with what it said if it fails. */
function call(...words: readonly string[]): string {
  const { code, stderr, stdout } = (docker as Docker).run(...words);
  if (code !== 0) throw new Error(`docker ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}

beforeAll(async () => {
  if (noBusybox !== undefined) return;
  call("load", "-i", await image([undefined], join(folder, "image.tar")));
}, 300_000);
afterAll(async () => {
  if (typeof docker !== "string") await docker.stop();
}, 180_000);

interface ContainerDefinition {
  readonly Name: string;
  readonly Image: string;
  readonly EntryPoint: readonly string[];
  readonly Command?: readonly string[];
}

/** Patches a task of one container, and gives the words with which docker runs it as Fargate would. */
async function taskWords(
  app: ContainerDefinition,
  definition = loadDefinition("falco", JSON.stringify({ image: TAG })),
) {
  const { text } = await patchTemplate("task", JSON.stringify([app]), { definition });
  const [patched, sidecar] = JSON.parse(text) as [ContainerDefinition, ContainerDefinition];
  const run = ({ Command, EntryPoint, Image }: ContainerDefinition): string[] => {
    const [program, ...words] = EntryPoint;
    return ["--network", "none", "--entrypoint", program!, Image, ...words, ...(Command ?? [])];
  };
  return { app: run(patched), sidecar: run(sidecar) };
}
const app = (...words: readonly string[]): ContainerDefinition => ({
  Name: "app",
  Image: BUSYBOX,
  EntryPoint: words.slice(0, 1),
  Command: words.slice(1),
});

describe("a patched task in docker", () => {
  test.skipIf(noBusybox !== undefined)(
    `the falco image waits, lends its folder, and ends at once when told to${skipping(noBusybox)}`,
    async () => {
      const definition = parseDefinition({
        name: "d",
        text: `build { entry_point: ["/opt/falco/falco", "version", "--json"], command: [], mount: [
          { name: "falco", image: "${TAG}", volumes: ["/opt/falco"], entry_point: ["/opt/falco/falco", "kilt", "wait"] }] }`,
      });
      const words = await taskWords(app("/bin/sh"), definition);
      // What the compiled binary carries besides code: templates, definitions, certificates made on the spot.
      const alone = ["run", "--rm", "--network", "none", TAG, "kilt"];
      expect(call(...alone, "webhook", "manifests")).toContain("BEGIN CERTIFICATE");
      expect(call(...alone, "cfn", "installer")).toContain("AWS::CloudFormation::Macro");
      expect(call(...alone, "render", "falco")).toContain("/opt/falco/falco");
      const sidecar = call("run", "-d", ...words.sidecar);
      const said = call("run", "--rm", "--volumes-from", `${sidecar}:ro`, ...words.app);
      expect(JSON.parse(said)).toMatchObject({ falco_version: VERSIONS.falco });
      expect(call("inspect", "-f", "{{.State.Running}}", sidecar)).toBe("true");
      call("stop", "-t", "20", sidecar);
      expect(call("inspect", "-f", "{{.State.ExitCode}}", sidecar)).toBe("0");
    },
  );

  test.skipIf(noBusybox !== undefined)(
    `an init container copies the folder as a restricted pod lets it${skipping(noBusybox)}`,
    () => {
      const out = join(folder, "copied");
      mkdirSync(out);
      chmodSync(out, 0o777);
      const strict = [
        "--read-only",
        "--user",
        "65532",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
      ];
      const copy = ["--entrypoint", "/opt/falco/falco", TAG, "kilt", "copy", "/opt/falco", "/kilt"];
      call("run", "--rm", "--network", "none", ...strict, "-v", `${out}:/kilt`, ...copy);
      const mounted = ["-v", `${out}/opt/falco:/opt/falco:ro`, BUSYBOX, "/opt/falco/falco", "version"];
      expect(call("run", "--rm", "--network", "none", "--user", "1000", ...mounted)).toContain(
        VERSIONS.falco,
      );
    },
  );
});

describe("a workload under falco in docker", () => {
  for (const capability of [[], ["--cap-add", "SYS_PTRACE"]]) {
    const how = capability.length > 0 ? "with SYS_PTRACE" : "without privileges";
    test.skipIf(noTrace !== undefined)(
      `${how}: behaves as before, and gives alerts${skipping(noTrace)}`,
      async () => {
        const sidecar = call("create", ...(await taskWords(app("/bin/sh"))).sidecar);
        const run = async (input: string, ...command: readonly string[]) => {
          const words = (await taskWords(app(...command))).app;
          const all = ["run", "-i", "--rm", ...capability, "--volumes-from", `${sidecar}:ro`, ...words];
          const child = Bun.spawn(["docker", "--host", (docker as Docker).host, ...all], {
            stdin: new Blob([input]),
            stdout: "pipe",
            stderr: "pipe",
          });
          const [stdout, stderr] = await Promise.all([
            new Response(child.stdout).text(),
            new Response(child.stderr).text(),
          ]);
          return { code: await child.exited, stdout, stderr };
        };
        const plain = await run("through\n", "/bin/sh", "-c", "cat; echo out; echo err >&2; exit 42");
        expect(plain.code).toBe(42);
        expect(plain.stdout).toContain("through\nout\n");
        expect(plain.stderr).toContain("err\n");
        const trapped = await run(
          "",
          "/bin/sh",
          "-c",
          "trap 'echo caught; exit 7' TERM; kill -TERM $$; sleep 5",
        );
        expect([trapped.code, trapped.stdout.includes("caught")]).toEqual([7, true]);
        const shadow = await run("", "/bin/sh", "-c", "mkdir -p /etc; echo x > /etc/shadow; cat /etc/shadow");
        expect(shadow.stdout + shadow.stderr).toMatch(/sensitive file/i);
        call("rm", "-f", sidecar);
      },
    );
  }
});

describe("a running container with a shell", () => {
  let api: KubeApi | undefined;
  afterAll(() => api?.stop());

  test.skipIf(noTrace !== undefined || noKubectl !== undefined)(
    `is watched by the falco that patches it, alerts to its log, and lives on unpatched${skipping(noTrace ?? noKubectl)}`,
    async () => {
      const work = "mkdir -p /etc /tmp; while :; do echo x > /etc/shadow; sleep 1; done";
      const target = call(
        "run",
        "-d",
        "--network",
        "none",
        "--cap-add",
        "SYS_PTRACE",
        BUSYBOX,
        "/bin/sh",
        "-c",
        work,
      );
      api = new KubeApi(podOf(), execute(new Map([["app", target]])));
      const config = join(folder, "kubeconfig-shell");
      writeFileSync(config, api.kubeconfig);
      const falco = async (command: string): Promise<string> => {
        // Not waited for in one go: the API server that kubectl talks to is this process.
        const words = ["kilt", command, "pod/web", "--kubeconfig", config];
        const child = Bun.spawn([join(folder, "falco"), ...words], { stdout: "pipe", stderr: "inherit" });
        return new Response(child.stdout).text();
      };
      expect(await falco("patch")).toBe("pod/web container app: patched\n");
      const log = (): string => (docker as Docker).run("logs", target).stdout;
      await eventually(() => log().includes("file=/etc/shadow"));
      expect(log()).toContain("file=/etc/shadow");
      expect(await falco("patch")).toBe("pod/web container app: unchanged\n");
      expect(await falco("unpatch")).toBe("pod/web container app: undone\n");
      expect(call("inspect", "-f", "{{.State.Running}}", target)).toBe("true");
      expect(call("exec", target, "ls", "/tmp/falco-kilt")).toBe("");
    },
  );
});

describe("a running container without shell or tools", () => {
  let api: KubeApi | undefined;
  afterAll(() => api?.stop());

  test.skipIf(noKubectl !== undefined)(
    `is patched and unpatched by a real kubectl, through falco beside it${skipping(noKubectl)}`,
    async () => {
      const target = startBare();
      const ephemeral = new Map<string, string>([["app", target]]);
      api = new KubeApi(podOf(), execute(ephemeral), ({ command, image, name }) => {
        const beside = ["--pid", `container:${target}`, "--network", "none", "--cap-add", "SYS_PTRACE"];
        ephemeral.set(
          name,
          call("run", "-d", ...beside, "--entrypoint", command[0]!, image, ...command.slice(1)),
        );
      });
      writeFileSync(join(folder, "kubeconfig"), api.kubeconfig);
      const kubectl = new Kubectl(["--kubeconfig", join(folder, "kubeconfig"), "-n", "default"]);
      const options = (text: string): PatchPodOptions => ({
        pod: "web",
        definition: parseDefinition({ name: "d", text }),
        folder,
        dryRun: false,
        agent: { image: TAG, profile: "general" },
        progress: () => {},
      });
      const read = (path: string): string => call("cp", "-L", `${target}:${path}`, "-");

      const first = await patchRunning(kubectl, options(DEFINITION));
      expect(first.outcome).toBe("patched");
      expect(read("/etc/hello")).toContain("hello from web");
      // The link leads to a folder of the target, and not to one of that name beside falco.
      expect(read("/real/linked")).toContain("through a link");
      const [started] = first.processes;
      const agent = [...ephemeral.values()].at(-1)!;
      expect(call("top", agent, "-o", "pid,args")).toContain("/opt/tool/sleep 300");
      expect(started!.pid).toBeGreaterThan(1);
      expect((await patchRunning(kubectl, options(DEFINITION))).outcome).toBe("unchanged");

      expect((await unpatchRunning(kubectl, options(""))).outcome).toBe("undone");
      await eventually(() => !call("top", agent, "-o", "pid,args").includes("sleep 300"));
      expect(call("top", agent, "-o", "pid,args")).not.toContain("sleep 300");
      expect(() => read("/etc/hello")).toThrow("hello");
      expect(read("/etc/kept")).toContain("as it was");
    },
  );
});

const DEFINITION = `runtime {
  upload: [
    { text: "hello from "\${original.container_group_name}, as: /etc/hello, uid: 5, permissions: 0640 }
    { text: "replaced", as: /etc/kept }
    { text: "through a link", as: /link/linked }
    { file: tool, as: /opt/tool/sleep }
  ]
  exec: [{ run: [/opt/tool/sleep, "300"] }]
}`;

/** A container that holds one program (`sleep`), a file, and a link whose target is an absolute path. */
function startBare(): string {
  const root = join(folder, "bare");
  const busybox = Bun.which("busybox") ?? "/bin/busybox";
  const script = `mkdir -p ${root}/etc ${root}/real && cp ${busybox} ${root}/sleep && cp ${busybox} ${folder}/tool &&
    echo 'as it was' > ${root}/etc/kept && ln -sfn /real ${root}/link &&
    tar -C ${root} -c . | docker --host ${(docker as Docker).host} import - bare:test`;
  const made = Bun.spawnSync(["sh", "-c", script]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  return call("run", "-d", "--network", "none", "--entrypoint", "/sleep", "bare:test", "600");
}

const podOf = (): Pod => ({
  metadata: { name: "web", namespace: "default", annotations: {} },
  spec: { containers: [{ name: "app", image: "bare:test" }] },
  status: {
    phase: "Running",
    containerStatuses: [{ name: "app", containerID: "docker://1", state: { running: {} } }],
  },
});

const execute =
  (containers: ReadonlyMap<string, string>) =>
  (container: string, argv: readonly string[]): Bun.Subprocess<"pipe", "pipe", "pipe"> =>
    Bun.spawn(
      ["docker", "--host", (docker as Docker).host, "exec", "-i", containers.get(container)!, ...argv],
      {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
