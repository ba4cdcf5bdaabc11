import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Containerd } from "../harness/containerd.ts";
import { LiveFalco, whyNoLive } from "../harness/live-falco.ts";

const containerd = whyNoLive() ?? (await Containerd.start());
const missing = typeof containerd === "string" ? containerd : undefined;
if (missing !== undefined) console.log(`skipped: containers of containerd, ${missing}`);

const RULES = `
- rule: started
  desc: A program was started in a container of containerd.
  condition: evt.type in (execve, execveat) and evt.rawres = 0 and container.type = containerd
  output: "%proc.cmdline %container.id %container.full_id %container.name %container.privileged %container.host_pid %container.mounts"
  priority: NOTICE
`;

describe.skipIf(missing !== undefined)("containers of containerd", () => {
  let falco: LiveFalco;

  beforeAll(async () => {
    falco = await LiveFalco.start([], RULES);
  }, 180_000);
  afterAll(async () => {
    await falco?.stop();
    if (typeof containerd !== "string") await containerd.stop();
  }, 180_000);

  test("a container in a namespace of its own, wherever containerd keeps it, is known by its bundle", async () => {
    let tries = 0;
    const { output_fields } = await falco.provoke(
      () =>
        expect((containerd as Containerd).container(`web-${++tries}`, "/bin/true")).toMatchObject({
          code: 0,
        }),
      (alert) => alert.output_fields["proc.cmdline"] === "true",
    );
    const id = String(output_fields["container.id"]);
    expect(id).toMatch(/^web-\d+$/);
    expect(output_fields).toMatchObject({
      "container.full_id": id,
      "container.name": id,
      "container.privileged": false,
      "container.host_pid": false,
    });
    expect(output_fields["container.mounts"]).toContain("proc:/proc:");
  }, 180_000);
});
