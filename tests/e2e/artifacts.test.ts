import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type DockerRegistry, registryMissing, startDockerRegistry } from "../harness/docker-registry.ts";
import { freePort } from "../harness/programs.ts";
import { tempDir } from "../harness/temp-dir.ts";

const ROOT = resolve(import.meta.dir, "../..");
const missing = registryMissing();
if (missing) console.warn(`skipping artifacts end to end: ${missing}`);
const skopeo = Bun.which("skopeo");
if (!skopeo) console.warn("skipping what skopeo says of our artifacts: it is not installed");

const password = "pa:ss word";
const rulesFile = (rule: string): string =>
  `- required_engine_version: 0.31.0\n- rule: ${rule}\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n`;

/** A user of the machine: a home, directories to install to, and falco's commands run as that user. */
function makeUser(dir: string, environment: Record<string, string> = {}) {
  for (const sub of ["home", "rules", "plugins", "assets", "state"])
    mkdirSync(join(dir, sub), { recursive: true });
  const config = ["--config", join(dir, "falcoctl.yaml")];
  const env = { ...process.env, HOME: join(dir, "home"), DOCKER_CONFIG: join(dir, "docker"), ...environment };
  const start = (words: readonly string[], stdin = "") =>
    Bun.spawn([process.execPath, join(ROOT, "cmd/main.ts"), ...words], {
      cwd: dir,
      env,
      stdin: new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
  const falco = async (words: readonly string[], stdin = "") => {
    const run = start([...words, ...config], stdin);
    const [out, err, code] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
      run.exited,
    ]);
    return { out, err, code };
  };
  const directories = [
    "--rulesfiles-dir",
    "rules",
    "--plugins-dir",
    "plugins",
    "--assets-dir",
    "assets",
    "--state-dir",
    "state",
  ];
  return { config, dir, directories, env, falco, start };
}

describe.skipIf(missing !== undefined)("artifacts end to end, docker-registry with TLS and htpasswd", () => {
  const dir = tempDir();
  let registry: DockerRegistry;
  let user: ReturnType<typeof makeUser>;
  beforeAll(async () => {
    registry = await startDockerRegistry({ tls: true, user: { name: "me", password } });
    user = makeUser(dir, { SSL_CERT_FILE: registry.caFile! });
  });
  afterAll(() => registry.stop());
  const ok = async (words: readonly string[], stdin?: string) => {
    const result = await user.falco(words, stdin);
    expect([result.code, result.err]).toEqual([0, expect.not.stringContaining("Error")]);
    return result;
  };

  test("login stores what the registry takes, and refuses what it does not", async () => {
    const wrong = await user.falco(
      ["registry", "auth", "basic", registry.host, "-u", "me", "--password-stdin"],
      "wrong\n",
    );
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("the registry denies access")]);
    expect(existsSync(join(dir, "home/.config/falcoctl/config.json"))).toBe(false);
    const login = await ok(["repo", "login", registry.host, "-u", "me", "--password-stdin"], `${password}\n`);
    expect(login.out + login.err).not.toContain(password);
    expect(readFileSync(join(dir, "home/.config/falcoctl/config.json"), "utf8")).toContain(
      btoa(`me:${password}`),
    );
  }, 180_000);

  test("push, search, info, install by name, tag and digest, list and remove", async () => {
    writeFileSync(join(dir, "my_rules.yaml"), rulesFile("first"));
    writeFileSync(join(dir, "libmy.so"), "ELF");
    const rules = `${registry.host}/team/my-rules`;
    const plugin = `${registry.host}/team/my-plugin`;
    const depends = ["--depends-on", "my-plugin:0.2.0|other:1.0.0"];
    await ok([
      "registry",
      "push",
      "--type",
      "rulesfile",
      "--version",
      "1.0.0",
      "--add-floating-tags",
      ...depends,
      rules,
      "my_rules.yaml",
    ]);
    const platforms = ["--platform", "linux/amd64", "--platform", "linux/arm64"];
    await ok([
      "registry",
      "push",
      "--type",
      "plugin",
      "--version",
      "0.2.1",
      "-t",
      "0.2.0",
      ...platforms,
      plugin,
      "libmy.so",
      "libmy.so",
    ]);

    const entry = (name: string, type: string) =>
      `- {name: ${name}, type: ${type}, registry: "${registry.host}", repository: team/${name}, keywords: [mine]}\n`;
    writeFileSync(join(dir, "index.yaml"), entry("my-rules", "rulesfile") + entry("my-plugin", "plugin"));
    await ok(["index", "add", "team", `file://${dir}/index.yaml`]);
    await ok(["index", "remove", "falcosecurity"]);
    expect((await ok(["index", "list"])).out).toMatch(/^NAME +URL +ADDED +UPDATED\nteam +file:/);
    expect((await ok(["artifact", "search", "mine", "--type", "plugin"])).out).toMatch(
      /^INDEX +ARTIFACT +TYPE +REGISTRY +REPOSITORY\nteam +my-plugin +plugin +\S+ +team\/my-plugin\n$/,
    );
    const info = JSON.parse((await ok(["artifact", "info", "my-rules", "--json"])).out) as {
      tags: string[];
    }[];
    expect(info[0]?.tags.sort()).toEqual(["1", "1.0", "1.0.0"]);
    const config = JSON.parse((await ok(["artifact", "config", "my-rules:1"])).out);
    expect(config).toEqual({
      name: "my-rules",
      version: "1.0.0",
      dependencies: [
        { name: "my-plugin", version: "0.2.0", alternatives: [{ name: "other", version: "1.0.0" }] },
      ],
      requirements: [{ name: "engine_version_semver", version: "0.31.0" }],
    });

    await ok(["artifact", "install", "my-rules:1", "--platform", "linux/arm64", ...user.directories]);
    expect(readFileSync(join(dir, "rules/my_rules.yaml"), "utf8")).toBe(rulesFile("first"));
    expect(readFileSync(join(dir, "plugins/libmy.so"), "utf8")).toBe("ELF");
    const installed = JSON.parse(
      (await ok(["artifact", "list", "--installed", "--json", "--state-dir", "state"])).out,
    ) as {
      artifact: string;
      version: string;
      digest: string;
    }[];
    expect(installed.map(({ artifact, version }) => [artifact, version])).toEqual([
      ["my-plugin", "0.2.1"],
      ["my-rules", "1.0.0"],
    ]);
    await ok(["artifact", "remove", "my-rules", "my-plugin", "--state-dir", "state"]);
    expect([existsSync(join(dir, "rules/my_rules.yaml")), existsSync(join(dir, "plugins/libmy.so"))]).toEqual(
      [false, false],
    );
    await ok([
      "artifact",
      "install",
      `my-rules@${installed[1]?.digest}`,
      "--resolve-deps=false",
      ...user.directories,
    ]);
    expect(existsSync(join(dir, "rules/my_rules.yaml"))).toBe(true);

    await ok(["registry", "pull", `${rules}:1`, "-o", "pulled"]);
    expect(existsSync(join(dir, "pulled/my_rules.yaml.tar.gz"))).toBe(true);
    const unknown = await user.falco(["artifact", "install", "my-rulse", ...user.directories]);
    expect(unknown.err).toContain(
      'Cannot find artifact "my-rulse": no index lists it [ARTIFACT_UNKNOWN]\n  did you mean "my-rules"?',
    );
  }, 180_000);

  test.skipIf(!skopeo)(
    "skopeo inspects and copies what was pushed",
    async () => {
      const certificates = join(dir, "certs");
      mkdirSync(certificates, { recursive: true });
      writeFileSync(join(certificates, "ca.crt"), registry.ca ?? "");
      const run = (...words: string[]) => {
        const done = Bun.spawnSync(["skopeo", "--insecure-policy", ...words]);
        expect([done.exitCode, done.stderr.toString()]).toEqual([0, ""]);
        return done.stdout.toString();
      };
      const access = (side = "") => [`--${side}creds`, `me:${password}`, `--${side}cert-dir`, certificates];
      const at = (name: string) => `docker://${registry.host}/team/${name}`;
      expect(JSON.parse(run("list-tags", ...access(), at("my-plugin"))).Tags.sort()).toEqual(["0.2.0"]);
      const raw = JSON.parse(run("inspect", "--raw", ...access(), `${at("my-plugin")}:0.2.0`));
      expect(raw.manifests.map((m: { platform: object }) => m.platform)).toEqual([
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "arm64" },
      ]);
      run(
        "copy",
        "--all",
        ...access("src-"),
        ...access("dest-"),
        `${at("my-plugin")}:0.2.0`,
        `${at("copied")}:1`,
      );
      run("copy", ...access("src-"), `${at("my-rules")}:1`, `oci:${join(dir, "layout")}:1`);
      const manifest = await ok([
        "artifact",
        "manifest",
        `${registry.host}/team/copied:1`,
        "--platform",
        "linux/arm64",
      ]);
      expect(JSON.parse(manifest.out).layers[0].mediaType).toBe(
        "application/vnd.cncf.falco.plugin.layer.v1+tar.gz",
      );
      // The product's own image layouts go the other way.
      const { OciLayout } = await import("../../artifacts/oci/layout.ts");
      const { pushFiles } = await import("../../artifacts/package/push-files.ts");
      const request = {
        type: "rulesfile",
        version: "2.0.0",
        platforms: [],
        dependencies: [],
        requirements: [],
        tags: ["2"],
        floatingTags: false,
      };
      const reference = { registry: "localhost", repository: "own" };
      const tools = { log: () => undefined };
      await pushFiles(
        new OciLayout(join(dir, "own")),
        reference,
        [join(dir, "my_rules.yaml")],
        request,
        tools,
      );
      run("copy", ...access("dest-"), `oci:${join(dir, "own")}:2`, `${at("own")}:2`);
      expect(JSON.parse((await ok(["artifact", "config", `${registry.host}/team/own:2`])).out).version).toBe(
        "2.0.0",
      );
    },
    180_000,
  );

  test("logout forgets the credentials", async () => {
    await ok(["registry", "logout", registry.host]);
    const denied = await user.falco(["artifact", "info", `${registry.host}/team/my-rules`]);
    expect([denied.code, denied.err]).toEqual([1, expect.stringContaining("denies access")]);
  }, 180_000);
});

describe.skipIf(missing !== undefined)("follow end to end, docker-registry without TLS", () => {
  const dir = tempDir();
  let registry: DockerRegistry;
  let user: ReturnType<typeof makeUser>;
  beforeAll(async () => {
    registry = await startDockerRegistry();
    user = makeUser(dir);
  });
  afterAll(() => registry.stop());
  const until = async (what: string, done: () => boolean) => {
    for (const start = Date.now(); !done(); await Bun.sleep(50)) {
      if (Date.now() - start > 60_000) throw new Error(`waited in vain for ${what}`);
    }
  };
  /** Gathers what a process says. */
  const listen = (stream: ReadableStream<Uint8Array>) => {
    const heard = { text: "" };
    void (async () => {
      for await (const chunk of stream) heard.text += Buffer.from(chunk).toString();
    })();
    return heard;
  };
  const push = async (version: string, rules: string) => {
    writeFileSync(join(dir, "followed.yaml"), rules);
    const words = [
      "registry",
      "push",
      "--type",
      "rulesfile",
      "--version",
      version,
      "--plain-http",
      `${registry.host}/team/followed:1`,
    ];
    expect(await user.falco([...words, "followed.yaml"])).toMatchObject({ code: 0 });
  };

  test("a running falco takes up what follow installs, and follow leaves out what it can't use", async () => {
    const port = await freePort();
    const config = [
      "engine: {kind: nodriver}",
      `rules_files: [${join(dir, "rules")}]`,
      `webserver: {enabled: true, listen_port: ${port}, listen_address: 127.0.0.1}`,
      "log_stderr: true",
      "log_syslog: false",
    ];
    writeFileSync(join(dir, "falco.yaml"), config.join("\n") + "\n");
    writeFileSync(join(dir, "rules", "own.yaml"), rulesFile("own"));
    await push("1.0.0", rulesFile("followed-one"));
    const engine = user.start(["run", "-c", "falco.yaml"]);
    const said = listen(engine.stderr);
    const versions = `http://127.0.0.1:${port}/versions`;
    const schedule = [
      "--every",
      "1s",
      "--startup-behavior",
      "immediate",
      "--falco-versions",
      versions,
      "--timeout",
      "20s",
    ];
    const ref = `${registry.host}/team/followed:1`;
    const offline = ["--plain-http", ...user.directories];
    const env = { FALCOCTL_INDEXES: `none,${join(dir, "empty-index.yaml")}` };
    writeFileSync(join(dir, "empty-index.yaml"), "[]\n");
    const follow = makeUser(dir, env).start([
      "artifact",
      "follow",
      ref,
      ...schedule,
      ...offline,
      ...user.config,
    ]);
    const told = listen(follow.stderr);
    try {
      const loaded = () => said.text.match(/rules\/followed\.yaml \| schema validation: ok/g)?.length ?? 0;
      await until("the first version", () => loaded() >= 1);
      const before = loaded();
      await push("1.1.0", rulesFile("followed-two"));
      await until("the second version", () => loaded() > before);
      expect(readFileSync(join(dir, "rules/followed.yaml"), "utf8")).toBe(rulesFile("followed-two"));
      await push("1.2.0", rulesFile("followed-three").replace("0.31.0", "9.0.0"));
      await until("the refusal", () =>
        told.text.includes("it requires engine_version_semver 9.0.0, and the running engine has"),
      );
      expect(readFileSync(join(dir, "rules/followed.yaml"), "utf8")).toBe(rulesFile("followed-two"));
    } finally {
      follow.kill();
      engine.kill();
      await Promise.all([follow.exited, engine.exited]);
    }
    expect(follow.exitCode).toBe(0);
    expect(told.text).toContain("Stopped following");
  }, 180_000);
});
