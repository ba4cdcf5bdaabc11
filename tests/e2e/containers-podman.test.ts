import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type LiveAlert, LiveFalco, whyNoLive } from "../harness/live-falco.ts";
import { Podman } from "../harness/podman.ts";

const IMAGE = "localhost/team/box:1.2";
const podman = whyNoLive() ?? Podman.start(IMAGE);
const missing = typeof podman === "string" ? podman : undefined;
if (missing !== undefined) console.log(`skipped: containers of podman, ${missing}`);

const RULES = `
- rule: started
  desc: A program was started in a container of podman.
  condition: evt.type in (execve, execveat) and evt.rawres = 0 and container.type = podman
  output: >-
    %proc.cmdline %container.id %container.full_id %container.name %container.image.repository %container.image.tag
    %container.image.id %container.image.digest %container.privileged %container.host_network %container.mounts %container.label[team]
  priority: NOTICE
`;

/** Fails the test with what podman said if it fails. */
function done({ code, stderr, stdout }: ReturnType<Podman["run"]>): string {
  if (code !== 0) throw new Error(`podman: ${stderr}`);
  return stdout.trim();
}
const run = (...words: readonly string[]): string => done((podman as Podman).container(...words));
const call = (...words: readonly string[]): string => done((podman as Podman).run(...words));

const ran =
  (commandLine: string) =>
  ({ output_fields }: LiveAlert): boolean =>
    output_fields["proc.cmdline"] === commandLine;

describe.skipIf(missing !== undefined)("containers of podman without its service", () => {
  let falco: LiveFalco;
  let earlier: string;

  beforeAll(async () => {
    earlier = run("-d", "--name", "earlier", IMAGE, "/bin/sleep", "1000");
    falco = await LiveFalco.start([], RULES);
  }, 180_000);
  afterAll(async () => {
    await falco?.stop();
  }, 180_000);

  test("a container that ran before falco did is known when something is started in it", async () => {
    const { output_fields } = await falco.provoke(
      () => call("exec", "earlier", "/bin/echo", "in-earlier"),
      ran("echo in-earlier"),
    );
    const image = JSON.parse(call("image", "inspect", IMAGE))[0];
    expect(output_fields).toMatchObject({
      "container.id": earlier.slice(0, 12),
      "container.full_id": earlier,
      "container.name": "earlier",
      "container.image.repository": "localhost/team/box",
      "container.image.tag": "1.2",
      "container.image.id": image.Id,
      "container.image.digest": image.Digest,
      "container.privileged": false,
    });
  }, 180_000);

  test("containers that end at once are each known by their own name", async () => {
    const names = Array.from({ length: 4 }, (_, i) => `brief-${i}`);
    for (const name of names) run("--rm", "--name", name, IMAGE, "/bin/true", name);
    for (const name of names) {
      const { output_fields } = await falco.alert(ran(`true ${name}`));
      expect(output_fields).toMatchObject({ "container.name": name, "container.image.tag": "1.2" });
    }
  }, 180_000);

  test("the first program of a container has its mounts and namespaces", async () => {
    const id = run("-d", "--name", "full", "-v", "/etc:/host-etc:ro", IMAGE, "/bin/sleep", "1001");
    const { output_fields } = await falco.alert(ran("sleep 1001"));
    expect(output_fields).toMatchObject({ "container.full_id": id, "container.host_network": false });
    expect(output_fields["container.mounts"]).toContain("/etc:/host-etc:");
  }, 180_000);
});

describe.skipIf(missing !== undefined)("containers of podman with its service", () => {
  let falco: LiveFalco;

  beforeAll(async () => {
    await (podman as Podman).serve();
    const socket = `plugins[0].init_config.engines.podman.sockets[0]=${(podman as Podman).socket}`;
    falco = await LiveFalco.start(["-o", socket], RULES);
  }, 180_000);
  afterAll(async () => {
    await falco?.stop();
    if (typeof podman !== "string") await podman.stop();
  }, 180_000);

  test("what only the service tells is known once the container has run for a while", async () => {
    run("-d", "--name", "labelled", "--label", "team=red", IMAGE, "/bin/sleep", "1002");
    const { output_fields } = await falco.provoke(
      () => call("exec", "labelled", "/bin/echo", "again"),
      (alert) => ran("echo again")(alert) && alert.output_fields["container.label[team]"] === "red",
    );
    expect(output_fields).toMatchObject({
      "container.name": "labelled",
      "container.image.repository": "localhost/team/box",
      "container.image.tag": "1.2",
    });
  }, 180_000);
});
