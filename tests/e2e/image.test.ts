import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSIONS } from "../../core/versions.ts";
import { image } from "../build/image.ts";
import { Docker } from "../harness/docker.ts";

const TAG = `falco:${VERSIONS.falco}`;
const docker = await Docker.start();
const noDocker = typeof docker === "string" ? docker : undefined;
const noSkopeo = Bun.which("skopeo") ? undefined : "skopeo is not installed";
const skipping = (reason: string | undefined): string =>
  reason === undefined ? "" : ` [skipped: ${reason}]`;

let directory: string;
let archive: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "falco-image-"));
  archive = await image([undefined], join(directory, "image.tar"));
}, 180_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  if (typeof docker !== "string") await docker.stop();
});

describe("image()", () => {
  test.skipIf(noDocker !== undefined)(
    `docker loads it, and falco runs in it alone${skipping(noDocker)}`,
    () => {
      const { run } = docker as Docker;
      const call = run.bind(docker as Docker);
      expect(call("load", "-i", archive)).toMatchObject({ code: 0, stdout: `Loaded image: ${TAG}\n` });
      const { code, stdout, stderr } = call(
        "run",
        "--rm",
        "--read-only",
        "--user",
        "1000",
        TAG,
        "version",
        "--json",
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({ engine_version_semver: VERSIONS.engine });
      const hostile = call("run", "--rm", "-e", "BUN_BE_BUN=1", TAG, "-e", "console.log('interpreted')");
      expect(hostile.code).toBe(1);
      expect(hostile.stdout).toBe("");
    },
  );

  test.skipIf(noSkopeo !== undefined)(
    `skopeo copies it with its digests checked${skipping(noSkopeo)}`,
    () => {
      const copy = Bun.spawnSync([
        "skopeo",
        "copy",
        "--quiet",
        `oci-archive:${archive}`,
        `dir:${join(directory, "copy")}`,
      ]);
      expect({ code: copy.exitCode, said: copy.stderr.toString() }).toEqual({ code: 0, said: "" });
      const seen = Bun.spawnSync(["skopeo", "inspect", "--config", `dir:${join(directory, "copy")}`]);
      expect(JSON.parse(seen.stdout.toString())).toMatchObject({
        os: "linux",
        config: { Entrypoint: ["/usr/bin/falco"] },
      });
    },
  );
});
