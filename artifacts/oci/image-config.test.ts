import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { lookupImageConfig } from "./image-config.ts";
import { mediaTypes } from "./manifest.ts";

describe("lookupImageConfig", () => {
  let registry: HostileRegistry;
  const push = (config: unknown, ...tags: string[]) => {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    const digest = registry.blob(text);
    const descriptor = {
      mediaType: "application/vnd.docker.container.image.v1+json",
      digest,
      size: text.length,
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: descriptor,
      layers: [],
    };
    return { digest: registry.manifest(manifest, ...tags), size: JSON.stringify(manifest).length };
  };
  beforeAll(async () => {
    registry = await startHostileRegistry();
    const amd64 = push({
      os: "linux",
      architecture: "amd64",
      config: {
        Entrypoint: ["/app"],
        Cmd: ["--serve"],
        Env: ["PATH=/bin", "A=1"],
        WorkingDir: "/srv",
        User: "1000",
      },
    });
    const arm64 = push({ os: "linux", architecture: "arm64", config: { Cmd: ["/arm"], Entrypoint: null } });
    const entry = (d: typeof amd64, architecture: string) => ({
      mediaType: mediaTypes.dockerManifest,
      ...d,
      platform: { os: "linux", architecture },
    });
    const manifests = [entry(amd64, "amd64"), entry(arm64, "arm64")];
    registry.manifest({ schemaVersion: 2, mediaType: mediaTypes.dockerIndex, manifests }, "1.0");
    push("not json", "bad");
  });
  afterAll(() => registry.stop());
  const lookup = (tag: string, architecture: string) =>
    lookupImageConfig(`${registry.host}/team/app:${tag}`, {
      plainHttp: true,
      attempts: 1,
      platform: { os: "linux", architecture },
    });

  test("finds entrypoint, command and environment of the platform's image", async () => {
    expect(await lookup("1.0", "amd64")).toMatchObject({
      entrypoint: ["/app"],
      cmd: ["--serve"],
      env: ["PATH=/bin", "A=1"],
      workingDir: "/srv",
      user: "1000",
      platform: { os: "linux", architecture: "amd64" },
    });
    expect(await lookup("1.0", "arm64")).toMatchObject({ entrypoint: [], cmd: ["/arm"], env: [] });
  });

  test("asks a private registry with docker's credentials", async () => {
    const dir = tempDir();
    const docker = process.env["DOCKER_CONFIG"];
    process.env["DOCKER_CONFIG"] = dir;
    writeFileSync(
      join(dir, "config.json"),
      JSON.stringify({ auths: { [registry.host]: { auth: btoa("me:pw") } } }),
    );
    registry.misbehave = ({ headers }, response) => {
      if (headers["authorization"] === `Basic ${btoa("me:pw")}`) return false;
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
      return true;
    };
    try {
      expect((await lookup("1.0", "amd64")).cmd).toEqual(["--serve"]);
    } finally {
      registry.misbehave = () => false;
      if (docker === undefined) delete process.env["DOCKER_CONFIG"];
      else process.env["DOCKER_CONFIG"] = docker;
    }
  });

  test("names the image whose configuration can't be read, or that has nothing for the platform", async () => {
    await expect(lookup("bad", "amd64")).rejects.toThrow(/configuration of image .*team\/app:bad/);
    await expect(lookup("1.0", "s390x")).rejects.toThrow("nothing for linux/s390x");
    await expect(lookup("2.0", "amd64")).rejects.toMatchObject({ code: "OCI_NOT_FOUND" });
  });
});
