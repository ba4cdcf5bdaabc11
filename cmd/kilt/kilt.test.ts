// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions are what is tested
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { eventually } from "../../tests/harness/programs.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";

const MAIN = join(import.meta.dir, "../main.ts");
const FIXTURES = join(import.meta.dir, "../../kilt/fixtures");
const WRAP = join(FIXTURES, "wrap.kilt.cfg");
const folder = tempDir();

function falco(words: readonly string[], input = "", env: Record<string, string> = {}) {
  const child = Bun.spawnSync([process.execPath, MAIN, "kilt", ...words], {
    stdin: Buffer.from(input),
    env: { ...process.env, ...env },
  });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

describe("falco kilt check", () => {
  test("says what a valid definition does, and warns of keys that nothing reads", () => {
    expect(falco(["check", WRAP])).toEqual({
      code: 0,
      stdout: `${WRAP} is valid (1 mounts, 0 uploads, 0 execs)\n`,
      stderr: "",
    });
    const path = join(folder, "typo.cfg");
    writeFileSync(path, "build {\n  entrypoints: [a]\n}\nruntime.upload: [{ text: x, as: /x, mod: 1 }]");
    const { code, stdout, stderr } = falco(["check", path, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      mounts: 0,
      uploads: 1,
      execs: 0,
      warnings: [
        `${path}:2:16: nothing reads "build.entrypoints", did you mean "entrypoint"?`,
        `${path}:4:42: nothing reads "runtime.upload.0.mod"`,
      ],
    });
  });

  test("points at what is wrong", () => {
    const path = join(folder, "wrong.cfg");
    writeFileSync(path, "build {\n  image: KILT:latest\n}\n");
    expect(falco(["check", path])).toEqual({
      code: 1,
      stdout: "",
      stderr: `Error: Cannot read value: unexpected ":" [HOCON_INVALID]
  ${path}:2:14
  2 |   image: KILT:latest
                   ^
  put text that holds this character in quotes
`,
    });
    expect(falco(["check", join(folder, "none.cfg")]).stderr).toStartWith("Error: Cannot read definition");
  });
});

describe("falco kilt render", () => {
  const TARGET = [
    "--image",
    "nginx",
    "--entrypoint",
    "/e",
    "--command",
    "-v",
    "--command",
    "w",
    "--env",
    "A=b=c",
  ];

  test("prints what becomes of the container that the flags describe", () => {
    const { stdout } = falco([
      "render",
      "falco",
      ...TARGET,
      "--recipe-config",
      '{"flags": ["-r", "x"]}',
      "--json",
    ]);
    const { build } = JSON.parse(stdout);
    expect(build).toMatchObject({
      image: "nginx",
      entry_point: ["/opt/falco/falco", "trace", "-r", "x", "--", "/e"],
      command: ["-v", "w"],
      environment_variables: { A: "b=c" },
    });
    expect(parse(falco(["render", "falco", ...TARGET]).stdout).build.command).toEqual(["-v", "w"]);
  });

  test("takes lists as JSON, tags, and the environment as a fallback", () => {
    const path = join(folder, "env.cfg");
    writeFileSync(
      path,
      "build.entry_point: [${?original.metadata.t}, ${?original.metadata.u}, ${KILT_TEST}] ${original.entry_point}",
    );
    const words = ["render", path, "--entrypoint", '["/bin/sh", "-c"]', "--tag", "t=tag", "--json"];
    const { stdout } = falco(words, "", { KILT_TEST: "from env" });
    expect(JSON.parse(stdout).build.entry_point).toEqual(["tag", "from env", "/bin/sh", "-c"]);
    expect(falco(["render", path, "--env", "novalue"]).stderr).toContain("expected NAME=VALUE");
    expect(falco(["render", path, "--entrypoint", "[1]"]).stderr).toContain("JSON list of words");
  });
});

describe("falco kilt cfn", () => {
  test("patch prints the patched template and nothing else", () => {
    const words = [
      "--definition",
      WRAP,
      "--log-group",
      "alerts",
      "--image-auth-secret",
      "arn:aws:secretsmanager:secret",
    ];
    for (const kind of ["yaml", "json"]) {
      const template = join(FIXTURES, `task.${kind}`);
      const { code, stderr, stdout } = falco(["cfn", "patch", template, "--no-image-lookup", ...words]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toBe(readFileSync(join(FIXTURES, `task.patched.${kind}`), "utf8"));
    }
    const text = readFileSync(join(FIXTURES, "task.json"), "utf8");
    const { stdout } = falco(["cfn", "patch", "-", "--opt-in", "--json"], text);
    expect(JSON.parse(stdout)).toEqual({ text, patched: [], warnings: [] });
  });

  test("lambda patches a local file when it is told to", () => {
    const out = join(folder, "out.json");
    const env = {
      KILT_MODE: "local",
      KILT_SRC_TEMPLATE: join(FIXTURES, "task.json"),
      KILT_OUT_TEMPLATE: out,
      KILT_DEFINITION: readFileSync(WRAP).toString("base64"),
      KILT_DEFINITION_TYPE: "base64",
      KILT_LOG_GROUP: "alerts",
      KILT_IMAGE_AUTH_SECRET: "arn:aws:secretsmanager:secret",
      KILT_DISABLE_REPO_HINTS: "1",
    };
    expect(falco(["cfn", "lambda"], "", env)).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(out, "utf8")).toBe(readFileSync(join(FIXTURES, "task.patched.json"), "utf8"));
  });

  test("installer prints a template whose function reads the settings that the macro knows", () => {
    const { stdout } = falco(["cfn", "installer"]);
    const { Parameters, Resources } = parse(stdout, { logLevel: "silent" });
    expect(Resources.Function.Properties).toMatchObject({ Runtime: "provided.al2023", Handler: "bootstrap" });
    expect(Resources.Macro.Type).toBe("AWS::CloudFormation::Macro");
    const { Variables } = Resources.Function.Properties.Environment;
    expect(Object.keys(Variables).every((name) => name.startsWith("KILT_"))).toBe(true);
    for (const name of stdout.matchAll(/!Ref (\w+)/g))
      expect({ ...Parameters, ...Resources }).toHaveProperty(name[1]!);
  });

  test("terraform answers a query of an external data source", () => {
    const query = {
      container_definitions: '[{"name":"a","image":"i","entryPoint":["/e"]}]',
      kilt_definition: 'build.image: "x"',
    };
    const { stdout } = falco(["terraform"], JSON.stringify(query));
    const { output_container_definitions: out } = JSON.parse(stdout);
    expect(JSON.parse(out)[0]).toMatchObject({ name: "a", image: "x", entryPoint: ["/e"] });
    expect(falco(["terraform"], "{}")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("container_definitions is missing"),
    });
  });
});

describe("falco kilt webhook", () => {
  test("manifests fail open, keep out of the cluster's namespaces, and ask nothing of the API server", () => {
    const { stdout } = falco(["webhook", "manifests", "--namespace", "sec", "--image", "f:1"]);
    const all = parseAllDocuments(stdout).map((one) => one.toJS());
    expect(all.map(({ kind }) => kind)).toEqual([
      "Namespace",
      "ServiceAccount",
      "Role",
      "RoleBinding",
      "Secret",
      "Deployment",
      "Service",
      "PodDisruptionBudget",
      "MutatingWebhookConfiguration",
    ]);
    const [hook] = all.at(-1).webhooks;
    expect(hook).toMatchObject({ failurePolicy: "Ignore", sideEffects: "None", timeoutSeconds: 5 });
    expect(hook.namespaceSelector.matchExpressions).toEqual([
      {
        key: "kubernetes.io/metadata.name",
        operator: "NotIn",
        values: ["kube-system", "kube-public", "kube-node-lease", "sec"],
      },
      { key: "falco.org/kilt", operator: "NotIn", values: ["ignore"] },
    ]);
    expect(all[2].rules).toEqual([]);
    expect(all[5].spec.template.spec.containers[0].args).toContain('--recipe-config={"image":"f:1"}');
    expect(Buffer.from(hook.clientConfig.caBundle, "base64").toString()).toStartWith(
      "-----BEGIN CERTIFICATE-----",
    );
  });

  test("manifests leave the certificate to cert-manager when asked, and carry a definition", () => {
    const { stdout } = falco([
      "webhook",
      "manifests",
      "--cert-manager",
      "--definition",
      WRAP,
      "--opt-in",
      "namespaces",
    ]);
    const all = parseAllDocuments(stdout).map((one) => one.toJS());
    const kinds = all.map(({ kind }) => kind);
    expect(kinds).toContain("Issuer");
    expect(kinds).not.toContain("Secret");
    expect(all.find(({ kind }) => kind === "ConfigMap").data["kilt.cfg"]).toBe(readFileSync(WRAP, "utf8"));
    expect(all.at(-1).metadata.annotations).toEqual({
      "cert-manager.io/inject-ca-from": "falco-kilt/falco-kilt",
    });
    expect(all.at(-1).webhooks[0].namespaceSelector.matchExpressions[1]).toMatchObject({
      operator: "In",
      values: ["include"],
    });
  });

  test("serve says what it lacks", () => {
    expect(falco(["webhook", "--cert", join(folder, "none")])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Cannot read"),
    });
  });
});

/** Whether a process has a handler for a signal: before that, the signal just ends it. */
function catches(pid: number, signal: "SIGTERM" | "SIGINT"): boolean {
  const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals[signal] - 1))) !== 0n;
}

describe("falco kilt wait", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`waits until ${signal} and ends with code 0`, async () => {
      const child = Bun.spawn([process.execPath, MAIN, "kilt", "wait"], {
        stdout: "ignore",
        stderr: "ignore",
      });
      expect(await eventually(() => child.exitCode !== null || catches(child.pid, signal))).toBe(true);
      expect(child.exitCode).toBeNull();
      child.kill(signal);
      expect(await child.exited).toBe(0);
    });
  }
});

describe("falco kilt copy", () => {
  test("copies folders below the target with modes and links, whatever the umask is", () => {
    const from = join(folder, "from");
    mkdirSync(join(from, "sub"), { recursive: true });
    writeFileSync(join(from, "sub/tool"), "x", { mode: 0o755 });
    symlinkSync("sub/tool", join(from, "link"));
    const words = [process.execPath, MAIN, "kilt", "copy", from, join(folder, "to")];
    expect(Bun.spawnSync(["sh", "-c", `umask 077; exec "$@"`, "sh", ...words]).exitCode).toBe(0);
    const copied = join(folder, "to", from);
    expect(statSync(join(copied, "sub/tool")).mode & 0o777).toBe(0o755);
    expect(statSync(copied).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(copied, "link"), "utf8")).toBe("x");
    expect(falco(["copy", join(folder, "no-such"), folder]).stderr).toContain("Cannot copy");
    expect(falco(["copy", from]).stderr).toContain("Missing TARGET");
  });
});

describe("falco kilt agent", () => {
  test("refuses what it does not know before it does anything", () => {
    for (const words of [
      ["dance"],
      ["upload", "relative", "755", "0:0", "1"],
      ["upload", "/x", "rwx", "0:0", "1"],
      ["start"],
      ["undo", "--process", "0:1"],
    ]) {
      expect(falco(["agent", ...words])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Cannot do that"),
      });
    }
  });
});
