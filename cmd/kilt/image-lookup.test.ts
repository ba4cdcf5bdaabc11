import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  type DockerRegistry,
  registryMissing,
  startDockerRegistry,
} from "../../tests/harness/docker-registry.ts";
import { imageLookup } from "./image-lookup.ts";

const reason = registryMissing();
if (reason) console.log(`skipped: imageLookup() in a real registry: ${reason}`);
const MAIN = join(import.meta.dir, "../main.ts");

describe.skipIf(reason !== undefined)("imageLookup() in a real registry", () => {
  let registry: DockerRegistry;
  let image: string;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    image = `${registry.host}/team/app:1`;
    const config = await push({
      os: "linux",
      architecture: "amd64",
      config: { Entrypoint: ["/srv"], Cmd: ["-v"] },
    });
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: { ...config, mediaType: "application/vnd.oci.image.config.v1+json" },
      layers: [],
    };
    const put = await fetch(`http://${registry.host}/v2/team/app/manifests/1`, {
      method: "PUT",
      headers: { "content-type": mediaType },
      body: JSON.stringify(manifest),
    });
    expect(put.status).toBe(201);
  });
  afterAll(() => registry.stop());

  /** Pushes a blob in one piece and returns its digest and size. */
  async function push(value: unknown): Promise<{ digest: string; size: number }> {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const started = await fetch(`http://${registry.host}/v2/team/app/blobs/uploads/`, { method: "POST" });
    const url = new URL(started.headers.get("location")!, `http://${registry.host}`);
    url.searchParams.set("digest", digest);
    expect((await fetch(url, { method: "PUT", body: bytes })).status).toBe(201);
    return { digest, size: bytes.length };
  }

  test("finds what an image runs, and rejects when there is none", async () => {
    expect(await imageLookup(image)).toMatchObject({ entrypoint: ["/srv"], cmd: ["-v"] });
    await expect(imageLookup(`${registry.host}/team/none:1`)).rejects.toThrow("not found");
  });

  test("fills in a task that names no entry point", async () => {
    const task = JSON.stringify([
      { name: "a", image },
      { name: "b", image: `${registry.host}/team/none:1` },
    ]);
    const run = async (...flags: readonly string[]) => {
      const child = Bun.spawn([process.execPath, MAIN, "kilt", "cfn", "patch", "-", ...flags], {
        stdin: new Blob([task]),
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { stderr, containers: JSON.parse(stdout) };
    };
    const { containers, stderr } = await run();
    expect(containers[0]).toMatchObject({
      entryPoint: ["/opt/falco/falco", "trace", "--", "/srv"],
      command: ["-v"],
    });
    expect(containers[1]).toEqual({ name: "b", image: `${registry.host}/team/none:1` });
    expect(stderr).toContain("warning: task/b is left as it is: what its image runs is not known");
    const { containers: bare } = await run("--no-image-lookup");
    expect(bare[0]).toMatchObject({ entryPoint: ["/opt/falco/falco", "trace", "--"] });
  });
});
