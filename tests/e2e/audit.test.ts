import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditEvent, eventList, podEvent, requestEvent } from "../harness/audit-events.ts";
import { FALCO } from "../harness/falco-cli.ts";
import { whyNoLive } from "../harness/live-falco.ts";

const directory = mkdtempSync(join(tmpdir(), "falco-audit-"));
const path = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The program: the binary that FALCO_BINARY names, else the sources. */
const PROGRAM = process.env.FALCO_BINARY ? [process.env.FALCO_BINARY] : FALCO;

const RULES = `
- required_plugin_versions:
    - {name: k8saudit, version: 0.7.0}
    - {name: json, version: 0.7.0}
- macro: done
  condition: (jevt.value[/stage] = ResponseComplete)
- rule: Privileged
  desc: d
  condition: done and ka.req.pod.containers.privileged intersects (true)
  output: "%ka.user.name %ka.target.name %ka.req.pod.containers.image %jevt.value[/requestObject/spec/volumes/0]"
  priority: WARNING
  source: k8s_audit
- rule: Secret
  desc: d
  condition: done and ka.target.resource = secrets and ka.response.code startswith 2
  output: "%ka.verb %ka.target.name from %ka.sourceips"
  priority: NOTICE
  source: k8s_audit
`;
const OPENED = `
- rule: Opened
  desc: d
  condition: evt.type in (open, openat) and fd.name endswith falco-audit-marker
  output: "%fd.name"
  priority: NOTICE
`;

const privileged = podEvent({
  containers: [{ name: "c", image: "busybox:1", securityContext: { privileged: true } }],
  volumes: [{ name: "v", emptyDir: {} }],
});
const secret = requestEvent("secrets", {});

/** The configuration as the plugin's documentation has it; neither shared object is there. */
const config = (openParams: string, kind: string): string => `
engine: {kind: ${kind}}
plugins:
  - name: k8saudit
    library_path: libk8saudit.so
    init_config:
      sslCertificate: /etc/falco/falco.pem
    open_params: "${openParams}"
  - name: json
    library_path: libjson.so
    init_config: ""
load_plugins: [k8saudit, json]
rules_files: [${path("rules.yaml")}]
webserver: {enabled: false}
json_output: true
stdout_output: {enabled: true}
log_stderr: true
`;

interface Printed {
  readonly rule: string;
  readonly source: string;
  readonly output: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

/** A falco with its configuration; `url` is where it listens, if it does. */
async function start(openParams: string, { kind = "nodriver", rules = RULES, words = [] as string[] } = {}) {
  writeFileSync(path("falco.yaml"), config(openParams, kind));
  writeFileSync(path("rules.yaml"), rules);
  const child = Bun.spawn([...PROGRAM, "run", "-c", path("falco.yaml"), ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const alerts: Printed[] = [];
  let log = "";
  const reading = Promise.all([
    (async () => {
      let rest = "";
      for await (const chunk of child.stdout) {
        const lines = (rest + Buffer.from(chunk).toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.startsWith("{")) alerts.push(JSON.parse(line));
      }
    })(),
    (async () => {
      for await (const chunk of child.stderr) log += Buffer.from(chunk).toString();
    })(),
  ]);
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds() && child.exitCode === null) await Bun.sleep(20);
    if (!holds()) throw new Error(`falco has ended: ${log}`);
  };
  const end = async (): Promise<number> => {
    const code = await child.exited;
    await reading;
    return code;
  };
  return {
    alerts,
    until,
    end,
    log: () => log,
    url: async (): Promise<string> => {
      await until(() => log.includes("Listening for audit events"));
      return /Listening for audit events on (\S+)/.exec(log)![1]!;
    },
    stop: (): Promise<number> => {
      child.kill("SIGTERM");
      return end();
    },
  };
}

const post = (url: string, body: string): Promise<Response> =>
  fetch(url, { method: "POST", body, headers: { "Content-Type": "application/json" } });

const EXPECTED = {
  rule: "Privileged",
  source: "k8s_audit",
  output_fields: {
    "evt.time": 1_795_685_400_129_876_000,
    "ka.user.name": "ann",
    "ka.target.name": "web",
    "ka.req.pod.containers.image": ["busybox:1"],
    "jevt.value[/requestObject/spec/volumes/0]": '{"name":"v","emptyDir":{}}',
  },
};

describe("audit events of Kubernetes", () => {
  test("from a webhook: what is posted alerts, also what came last before the end", async () => {
    const falco = await start("http://127.0.0.1:0/k8s-audit");
    const url = await falco.url();
    expect((await post(url, eventList(auditEvent(), privileged, secret))).status).toBe(200);
    await falco.until(() => falco.alerts.length === 2);
    expect(falco.alerts[0]).toMatchObject(EXPECTED);
    expect(falco.alerts[0]!.output).toContain('Warning ann web (busybox:1) {"name":"v","emptyDir":{}}');
    expect(falco.alerts[1]!.output).toContain("Notice create thing from (10.9.8.7,192.168.3.4)");
    expect((await post(url, "{")).status).toBe(400);
    expect((await post(url, eventList(...Array.from({ length: 2000 }, () => secret)))).status).toBe(200);
    expect(await falco.stop()).toBe(0);
    expect(falco.alerts).toHaveLength(2002);
    expect(falco.log()).toContain("Loaded plugin 'k8saudit@0.18.0', built in");
  }, 60_000);

  test("from a file: it ends with the file", async () => {
    writeFileSync(
      path("audit.log"),
      [privileged, secret].map((event) => `${JSON.stringify(event)}\n`).join(""),
    );
    const falco = await start(path("audit.log"), { words: ["--enable-source", "k8s_audit"] });
    expect(await falco.end()).toBe(0);
    expect(falco.alerts.map(({ rule }) => rule)).toEqual(["Privileged", "Secret"]);
  }, 60_000);

  test("an address that is taken stops the start, and says so", async () => {
    const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const falco = await start(`http://127.0.0.1:${taken.port}/k8s-audit`);
    expect(await falco.end()).toBe(1);
    expect(falco.log()).toContain(`Cannot listen for audit events on http://127.0.0.1:${taken.port}`);
    await taken.stop(true);
  }, 60_000);

  test("rules that need a newer plugin are refused", async () => {
    const falco = await start("http://127.0.0.1:0/", { rules: RULES.replace("0.7.0", "0.99.0") });
    expect(await falco.end()).toBe(1);
    expect(falco.log()).toContain("Plugin 'k8saudit' version '0.18.0' is not compatible");
  }, 60_000);

  const why = whyNoLive();
  test.skipIf(why !== undefined)(
    `beside system calls${why ? ` (skipped: ${why})` : ""}`,
    async () => {
      const falco = await start("http://127.0.0.1:0/k8s-audit", {
        kind: "modern_ebpf",
        rules: RULES + OPENED,
      });
      expect((await post(await falco.url(), eventList(privileged))).status).toBe(200);
      const marker = path("falco-audit-marker");
      while (!falco.alerts.some(({ rule }) => rule === "Opened")) {
        writeFileSync(marker, "");
        await Bun.sleep(100);
      }
      await falco.until(() => falco.alerts.some(({ rule }) => rule === "Privileged"));
      const sources = Object.fromEntries(falco.alerts.map(({ rule, source }) => [rule, source]));
      expect(sources).toEqual({ Privileged: "k8s_audit", Opened: "syscall" });
      expect(await falco.stop()).toBe(0);
    },
    60_000,
  );
});
