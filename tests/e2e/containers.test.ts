import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Docker } from "../harness/docker.ts";
import { type LiveAlert, LiveFalco, whyNoLive } from "../harness/live-falco.ts";

const IMAGE = "falco.test:5000/team/box:1.2";
const docker = whyNoLive() ?? (await Docker.start());
const missing =
  typeof docker === "string" ? docker : docker.importBusybox(IMAGE, "inner:x:1234:5::/home/inner:/bin/sh\n");
if (missing !== undefined) console.log(`skipped: containers of docker, ${missing}`);

/** Tells all of the container that a program runs in, when it starts. */
const RULES = `
- rule: started
  desc: A program was started in a container.
  condition: evt.type in (execve, execveat) and evt.rawres = 0 and container.id != host
  output: >-
    %proc.cmdline %proc.exepath %proc.tty %user.uid %user.name %container.id %container.full_id %container.name %container.type %container.image
    %container.image.repository %container.image.tag %container.image.id %container.privileged
    %container.host_pid %container.host_network %container.mounts %container.labels %container.label[team]
  priority: NOTICE
`;

/** Runs docker and returns what it printed; fails the test with what it said if it fails. */
function call(...words: readonly string[]): string {
  const { code, stderr, stdout } = (docker as Docker).run(...words);
  if (code !== 0) throw new Error(`docker ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The alert about a command line; docker's own, which ends with the same words, is another one. */
const ran =
  (commandLine: string) =>
  ({ output_fields }: LiveAlert): boolean =>
    output_fields["proc.cmdline"] === commandLine;

describe.skipIf(missing !== undefined)("containers of docker", () => {
  let falco: LiveFalco;
  let earlier: string;

  beforeAll(async () => {
    earlier = call("run", "-d", "--name", "earlier", "--network", "none", IMAGE, "/bin/sleep", "1000");
    const socket = (docker as Docker).socket;
    falco = await LiveFalco.start(
      ["-o", `plugins[0].init_config.engines.docker.sockets[0]=${socket}`],
      RULES,
    );
  }, 180_000);
  afterAll(async () => {
    await falco?.stop();
    if (typeof docker !== "string") await docker.stop();
  }, 180_000);

  test("a container that ran before falco did is known by name and image when something starts in it", async () => {
    const { output_fields } = await falco.provoke(
      () => call("exec", "earlier", "/bin/echo", "in-earlier"),
      ran("echo in-earlier"),
    );
    expect(output_fields).toMatchObject({
      "container.id": earlier.slice(0, 12),
      "container.full_id": earlier,
      "container.name": "earlier",
      "container.type": "docker",
      "container.image": IMAGE,
      "container.image.repository": "falco.test:5000/team/box",
      "container.image.tag": "1.2",
      "container.privileged": false,
      "container.host_pid": false,
      "proc.exepath": "/bin/echo",
    });
  }, 180_000);

  test("the first program of a container already has all of its metadata", async () => {
    const words = ["--pid=host", "--label", "team=red", "-v", "/etc:/host-etc:ro"];
    const id = call(
      "run",
      "-d",
      "--name",
      "full",
      "--network",
      "none",
      ...words,
      IMAGE,
      "/bin/sleep",
      "1001",
    );
    const { output_fields } = await falco.alert(ran("sleep 1001"));
    expect(output_fields).toMatchObject({
      "container.id": id.slice(0, 12),
      "container.full_id": id,
      "container.name": "full",
      "container.image": IMAGE,
      "container.image.id": call("inspect", "-f", "{{.Image}}", "full").replace("sha256:", ""),
      "container.privileged": false,
      "container.host_pid": true,
      "container.host_network": false,
      "container.labels": "team:red",
      "container.label[team]": "red",
    });
    expect(output_fields["container.mounts"]).toBe("/etc:/host-etc:ro:false:rprivate");
  }, 180_000);

  test("users are those of the container's own passwd, and none where it has no such user", async () => {
    call("run", "--rm", "--network", "none", "--user", "1234", IMAGE, "/bin/echo", "as-inner");
    call("run", "--rm", "--network", "none", "--user", "4321", IMAGE, "/bin/echo", "as-nobody");
    const inner = await falco.alert(ran("echo as-inner"));
    expect(inner.output_fields).toMatchObject({ "user.uid": 1234, "user.name": "inner" });
    const nobody = await falco.alert(ran("echo as-nobody"));
    expect(nobody.output_fields).toMatchObject({ "user.uid": 4321, "user.name": "<NA>" });
  }, 180_000);

  test("containers that end at once are each known by their own name", async () => {
    const names = Array.from({ length: 6 }, (_, i) => `brief-${i}`);
    for (const name of names)
      call("run", "--rm", "--name", name, "--network", "none", IMAGE, "/bin/true", name);
    for (const name of names) {
      const { output_fields } = await falco.alert(ran(`true ${name}`));
      expect(output_fields).toMatchObject({ "container.name": name, "container.image.tag": "1.2" });
      expect(output_fields["container.full_id"]).toMatch(
        new RegExp(`^${output_fields["container.id"]}[0-9a-f]{52}$`),
      );
    }
    expect(
      new Set(falco.alerts.map(({ output_fields: f }) => f["container.id"])).size,
    ).toBeGreaterThanOrEqual(6);
  }, 180_000);

  test("a shell with a terminal that was brought in by exec is the container's, with its user", async () => {
    const exec = Bun.spawn(
      [
        "script",
        "-qc",
        `docker -H ${(docker as Docker).host} exec -it -u 1234 earlier /bin/sh -c 'exit 7'`,
        "/dev/null",
      ],
      { stdin: "pipe", stdout: "ignore", stderr: "ignore" },
    );
    await exec.exited;
    const { output_fields } = await falco.alert(ran("sh -c exit 7"));
    expect(output_fields).toMatchObject({ "container.name": "earlier", "user.name": "inner" });
    expect(output_fields["proc.tty"]).toBeGreaterThan(0);
  }, 180_000);

  test("a container that was removed and made again under its name is the new one", async () => {
    const make = (mark: string): string =>
      call(
        "run",
        "-d",
        "--name",
        "again",
        "--network",
        "none",
        "--label",
        `team=${mark}`,
        IMAGE,
        "/bin/sleep",
        mark,
      );
    for (const mark of ["1002", "1003"]) {
      const id = make(mark);
      const { output_fields } = await falco.alert(ran(`sleep ${mark}`));
      expect(output_fields).toMatchObject({ "container.full_id": id, "container.label[team]": mark });
      call("rm", "-f", "again");
    }
  }, 180_000);

  test("a container that was renamed is known by its new name once it has run for a while", async () => {
    call("run", "-d", "--name", "young", "--network", "none", IMAGE, "/bin/sleep", "1004");
    const young = await falco.alert(ran("sleep 1004"));
    expect(young.output_fields["container.name"]).toBe("young");
    call("rename", "young", "grown");
    const grown = await falco.provoke(
      () => call("exec", "grown", "/bin/echo", "renamed"),
      (alert) => ran("echo renamed")(alert) && alert.output_fields["container.name"] !== "young",
    );
    expect(grown.output_fields).toMatchObject({
      "container.name": "grown",
      "container.id": young.output_fields["container.id"]!,
      "container.image.tag": "1.2",
    });
  }, 180_000);
});
