import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { Docker } from "../harness/docker.ts";
import { type LiveAlert, LiveFalco, whyNoLive } from "../harness/live-falco.ts";
import { eventually } from "../harness/programs.ts";
import { inKernel, kernelObjectsOf } from "./kernel-objects.ts";

const ROOT = join(import.meta.dir, "..", "..");
const IMAGE = "box:test";
const notLive = whyNoLive();
const docker = notLive ?? (await Docker.start());
const noDocker = typeof docker === "string" ? docker : docker.importBusybox(IMAGE);
if (notLive) console.log(`skipped: falco run on live system calls, ${notLive}`);
else if (noDocker) console.log(`skipped: falco run with a container of docker, ${noDocker}`);

const COMMON =
  "%proc.name %proc.cmdline %proc.exepath %proc.pname %proc.aname[2] %user.name %user.uid %container.id";
/** What is built in says much already; here more of it is asked for. */
const MORE = ["-o", `append_output[0].extra_output=${COMMON} %fd.name %container.name`];

/** Other tests and whatever else this machine does would set off the other rules, thousands of times perhaps. */
const RULES = ["Password hashes read", "Set-uid or set-gid bit set", "Shell started in a container"].flatMap(
  (rule, i) => ["-o", `rules[${i + 1}].enable.rule=${rule}`],
);
const ONLY = ["-o", "rules[0].disable.rule=*", ...RULES];

function run(...words: readonly string[]): string {
  const child = Bun.spawnSync([...words], { stdin: "ignore" });
  if (child.exitCode !== 0) throw new Error(`${words.join(" ")}: ${child.stderr}`);
  return child.stdout.toString().trim();
}

const says =
  (rule: string, field: string, value: string) =>
  (alert: LiveAlert): boolean =>
    alert.rule === rule && new RegExp(value).test(String(alert.output_fields[field]));

describe.skipIf(notLive !== undefined)("falco run with the rules it carries, on live system calls", () => {
  let falco: LiveFalco;
  let here = "";

  beforeAll(async () => {
    const socket = typeof docker === "string" ? "/none" : docker.socket;
    const words = ["-o", `plugins[0].init_config.engines.docker.sockets[0]=${socket}`];
    falco = await LiveFalco.start([...words, ...ONLY, ...MORE]);
    // What was started while the probe was being attached is not known in full.
    await falco.provoke(
      () => run("cat", "/etc/shadow"),
      ({ rule }) => rule === "Password hashes read",
    );
    falco.alerts.length = 0;
  }, 180_000);
  afterAll(async () => {
    await falco?.stop();
    if (typeof docker !== "string") await docker.stop();
  }, 180_000);

  test("cat of /etc/shadow is told with process, parents, user and file", async () => {
    const script = "cat /etc/shadow > /dev/null; true";
    run("bash", "-c", `bash -c '${script}'; true`);
    const alert = await falco.alert(says("Password hashes read", "proc.pcmdline", "cat /etc/shadow"));
    expect(alert).toMatchObject({ priority: "Warning" });
    expect(alert.output_fields).toMatchObject({
      "proc.name": "cat",
      "proc.pname": "bash",
      "proc.aname[2]": "bash",
      "user.name": "root",
      "user.uid": 0,
      "fd.name": "/etc/shadow",
    });
    expect(String(alert.output_fields["proc.exepath"])).toEndWith("/cat");
    // A machine of tests may itself be a container.
    here = String(alert.output_fields["container.id"]);
    expect(here).toMatch(/^(host|[0-9a-f]{12})$/);
  }, 180_000);

  test("the set-uid bit on a copy of a program is told with the file", async () => {
    const copy = join(falco.directory, "copy");
    copyFileSync("/bin/true", copy);
    run("chmod", "u+s", copy);
    const alert = await falco.alert(says("Set-uid or set-gid bit set", "proc.cmdline", copy));
    expect(alert.output_fields).toMatchObject({ "proc.name": "chmod", "user.name": "root" });
    expect(alert.output).toContain(`file=${copy}`);
  }, 180_000);

  test.skipIf(noDocker !== undefined)(
    "a shell with a terminal in a container of docker is told with the container's id and name",
    async () => {
      const { host } = docker as Docker;
      const words = ["docker", "-H", host, "run", "-t", "--rm", "--network", "none", "--name"];
      run(...words, "terminal", IMAGE, "/bin/sh", "-c", "exit");
      const alert = await falco.alert(says("Shell started in a container", "container.name", "^terminal$"));
      expect(alert.output_fields).toMatchObject({ "proc.name": "sh", "user.name": "root", "user.uid": 0 });
      expect(String(alert.output_fields["container.id"])).toMatch(/^[0-9a-f]{12}$/);
      expect(alert.output_fields["container.id"]).not.toBe(here);
    },
    180_000,
  );

  test("kill -9 leaves nothing in the kernel, and falco starts again beside another", async () => {
    const second = await LiveFalco.start(ONLY);
    const attached = () => kernelObjectsOf(second.child.pid).filter(({ kind }) => kind === "prog_id");
    await eventually(() => attached().length > 0);
    const objects = kernelObjectsOf(second.child.pid);
    expect(objects.filter(inKernel).length).toBeGreaterThan(0);
    await second.stop("SIGKILL");
    await eventually(() => !objects.some(inKernel));
    expect(objects.filter(inKernel)).toEqual([]);
    const third = await LiveFalco.start(ONLY);
    await third.provoke(
      () => run("bash", "-c", "cat /etc/shadow > /dev/null; true"),
      says("Password hashes read", "proc.cmdline", "^cat /etc/shadow$"),
    );
    await third.stop();
    expect(third.child.exitCode).toBe(0);
  }, 300_000);
});

const noUser =
  process.getuid?.() !== 0 ? undefined : Bun.which("setpriv") ? undefined : "setpriv is not installed";
test.skipIf(noUser !== undefined)(
  "falco run without root says in one sentence what is missing and what to do",
  () => {
    const drop =
      process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
    const options = ["webserver.enabled=false", "log_level=error", "libs_logger.enabled=false"].flatMap(
      (one) => ["-o", one],
    );
    const child = Bun.spawnSync(
      [...drop, process.execPath, join(ROOT, "cmd", "main.ts"), "run", ...options],
      {
        stdin: "ignore",
        cwd: "/",
        env: { ...process.env, HOME: "/" },
      },
    );
    const said = child.stderr.toString();
    expect({ code: child.exitCode, stdout: child.stdout.toString() }).toEqual({ code: 1, stdout: "" });
    expect(said).toContain("it needs root");
    expect(said).toContain("falco trace -- COMMAND");
    expect(said.trim().split("\n").length).toBeLessThan(4);
  },
);
