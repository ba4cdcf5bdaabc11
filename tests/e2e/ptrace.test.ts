import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ENGINE_SETTING_NAMES, ENGINE_SETTINGS } from "../../core/ffi/engine-setting.ts";
import { endWithTests } from "../harness/children.ts";
import { eventually } from "../harness/programs.ts";

const MAIN = join(import.meta.dir, "../../cmd/main.ts");
const dir = mkdtempSync(join(tmpdir(), "falco-trace-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const SECRET = join(dir, "secret");
writeFileSync(SECRET, "secret\n", { mode: 0o644 });
const RULES = join(dir, "rules.yaml");
writeFileSync(
  RULES,
  `- rule: secret
  desc: a file of this test is read
  condition: evt.type in (open, openat, openat2) and fd.name = ${SECRET} and evt.rawres >= 0
  output: secret read by %proc.name below %proc.pname
  priority: WARNING
- rule: started
  desc: a program starts
  condition: evt.type in (execve, execveat) and evt.rawres = 0
  output: started %proc.name exe=%proc.exepath args=%proc.args
  priority: NOTICE
`,
);

const falco = (...words: string[]): string[] => [process.execPath, MAIN, "trace", "-r", RULES, ...words];
const startIn = (env: Record<string, string | undefined>, ...words: string[]) =>
  endWithTests(
    Bun.spawn(falco(...words), { stdin: "ignore", stdout: "pipe", stderr: "pipe", cwd: dir, env }),
    "SIGTERM",
  );
const start = (...words: string[]) => startIn(process.env, ...words);

async function run(...words: string[]) {
  return await ended(start(...words));
}

async function ended(child: ReturnType<typeof start>) {
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Resolves when the file has been written by somebody else. */
async function appeared(path: string): Promise<string> {
  if (!(await eventually(() => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"))))
    throw new Error(`${path} did not appear`);
  return readFileSync(path, "utf8").trim();
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
const gone = (pid: number): Promise<boolean> => eventually(() => !isAlive(pid));

const probe = Bun.spawnSync(falco("--", "true"), { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
const reason = probe.exitCode === 0 ? undefined : probe.stderr.toString().trim();
if (reason) console.log(`skipped: falco trace, ${reason}`);

describe.skipIf(reason !== undefined)("falco trace -- COMMAND", () => {
  test("alerts on what the command does, on standard error, and leaves its standard output alone", async () => {
    const { code, stdout, stderr } = await run("--", "cat", SECRET);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "secret\n" });
    expect(stderr).toContain("secret read by cat below");
    expect(stderr).toMatch(/started cat exe=\S*\/cat args=/);
    expect(stderr.trim().split("\n").length).toBe(2);
  });

  test("neither it nor an output's program sees what falco tells its JavaScript engine", async () => {
    const seen = join(dir, "environment");
    const program = ["-o", "program_output.enabled=true", "-o", `program_output.program=env > ${seen}; cat`];
    const environment = { ...process.env, ...ENGINE_SETTINGS, KEPT: "yes" };
    const command = ["--", "sh", "-c", `cat ${SECRET} && env`];
    const { code, stdout } = await ended(startIn(environment, ...program, ...command));
    expect(code).toBe(0);
    for (const text of [stdout, readFileSync(seen, "utf8")]) {
      expect(text).toContain("KEPT=yes");
      for (const name of ENGINE_SETTING_NAMES) expect(text).not.toContain(name);
    }
  });

  test("the rules on board alert on reading a sensitive file", async () => {
    if (process.getuid?.() !== 0) return console.log("skipped: reading /etc/shadow, not root");
    const child = Bun.spawnSync([process.execPath, MAIN, "trace", "--", "cat", "/etc/shadow"], {
      stdin: "ignore",
    });
    expect(child.exitCode).toBe(0);
    expect(child.stderr.toString()).toMatch(/Warning .*\/etc\/shadow/);
  });

  test("follows forks, vforks, daemons and execs", async () => {
    const script = `cat ${SECRET}; (cat ${SECRET}); sh -c 'exec cat ${SECRET}'; setsid sh -c 'cat ${SECRET}' & wait`;
    const { code, stdout, stderr } = await run("--", "sh", "-c", script);
    expect(code).toBe(0);
    expect(stdout).toBe("secret\n".repeat(4));
    expect(count(stderr, "secret read by cat")).toBe(4);
  });

  test("follows threads", async () => {
    const script = `const w = () => new Worker("data:text/javascript,require('fs').readFileSync('${SECRET}');postMessage(1)");
      const one = () => new Promise((done) => { const it = w(); it.onmessage = () => { it.terminate(); done(); }; });
      await one(); await one();`;
    const { code, stderr } = await run("--", process.execPath, "-e", script);
    expect(code).toBe(0);
    expect(count(stderr, "secret read by")).toBe(2);
  });

  test("returns the command's exit code, or 128 and the signal that ended it", async () => {
    const scripts = ["exit 7", "kill -KILL $$", "kill -TERM $$"];
    const ends = await Promise.all(scripts.map((script) => run("--", "sh", "-c", script)));
    expect(ends.map((end) => end.code)).toEqual([7, 128 + 9, 128 + 15]);
  });

  test("says that a command is missing or can't be run as shells do", async () => {
    const [missing, plain] = await Promise.all([run("--", "/no/such/command"), run("--", SECRET)]);
    expect([missing.code, plain.code]).toEqual([127, 126]);
    expect(missing.stderr).toContain("cannot run /no/such/command: ENOENT");
  });

  test("passes environment, arguments, directory, input and signal settings through", async () => {
    const script =
      'printf "%s|" "$@"; pwd; cat; grep -c TracerPid /proc/self/status; ls /proc/self/fd; yes | head -1; grep SigIgn /proc/self/status; echo $MARK';
    const words = ["sh", "-c", script, "sh", "a b", "", "--pid=3"];
    const options = { stdin: Buffer.from("input\n"), cwd: dir, env: { ...process.env, MARK: "kept" } };
    const traced = Bun.spawnSync(falco("--", ...words), options);
    const bare = Bun.spawnSync(words, options);
    const plain = (text: string): string[] => text.split("\n").filter((line) => !line.startsWith("SigIgn"));
    expect(plain(traced.stdout.toString())).toEqual(plain(bare.stdout.toString()));
    const ignored = /SigIgn:\s*([0-9a-f]+)/.exec(traced.stdout.toString())![1]!;
    // SIGPIPE, which the runtime ignores for itself
    expect(BigInt(`0x${ignored}`) & (1n << 12n)).toBe(0n);
  });

  test("forwards SIGTERM, SIGINT and SIGHUP to the command's first process and stays until it ends", async () => {
    const each = async (signal: NodeJS.Signals): Promise<number> => {
      const ready = join(dir, `ready-${signal}`);
      const script = `trap 'exit 31' TERM; trap 'exit 32' INT; trap 'exit 33' HUP; echo $$ > ${ready}; while :; do sleep 0.05; done`;
      const child = start("--", "sh", "-c", script);
      await appeared(ready);
      child.kill(signal);
      return (await ended(child)).code;
    };
    expect(await Promise.all([each("SIGTERM"), each("SIGINT"), each("SIGHUP")])).toEqual([31, 32, 33]);
  });

  test("stops and continues with SIGSTOP and SIGCONT", async () => {
    const script =
      "(while sleep 0.2; do kill -CONT $$ || exit; done) > /dev/null 2>&1 & kill -STOP $$; echo continued; kill $!";
    expect(await run("--", "sh", "-c", script)).toMatchObject({ code: 0, stdout: "continued\n" });
  });

  test("when watching ends first, the command goes on beside falco and its exit code is still falco's", async () => {
    const script = `sleep 2; cat ${SECRET}; exit 5`;
    const { code, stdout, stderr } = await run("-M", "0.3", "--", "sh", "-c", script);
    expect({ code, stdout }).toEqual({ code: 5, stdout: "secret\n" });
    expect(stderr).not.toContain("secret read");
  });

  test("--detachable lets the command go on without falco", async () => {
    const done = join(dir, "detached");
    const go = join(dir, "go");
    const script = `while [ ! -e ${go} ]; do sleep 0.05; done; cat ${SECRET} > ${done}`;
    const child = start("-M", "0.3", "--detachable", "--", "sh", "-c", script);
    expect(await child.exited).toBe(0);
    writeFileSync(go, "");
    expect(await appeared(done)).toBe("secret");
  });

  test("--kill-on-exit ends the command with falco", async () => {
    const ready = join(dir, "killed");
    const child = start("-M", "3", "--kill-on-exit", "--", "sh", "-c", `echo $$ > ${ready}; sleep 60`);
    const pid = Number(await appeared(ready));
    expect(await child.exited).toBe(128 + 9);
    expect(await gone(pid)).toBe(true);
  });

  test("a falco that is killed leaves no half-working command behind", async () => {
    const ready = join(dir, "orphan");
    const child = start("--", "sh", "-c", `echo $$ > ${ready}; sleep 60`);
    const pid = Number(await appeared(ready));
    child.kill("SIGKILL");
    await child.exited;
    expect(await gone(pid)).toBe(true);
  });

  const noSetpriv = process.getuid?.() === 0 && Bun.which("setpriv") ? undefined : "not root, or no setpriv";
  test.skipIf(noSetpriv !== undefined)(
    `works without privileges${noSetpriv ? ` [skipped: ${noSetpriv}]` : ""}`,
    () => {
      const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"];
      rmSync(join(dir, "none"), { force: true });
      Bun.spawnSync(["chmod", "755", dir]);
      const child = Bun.spawnSync([...nobody, ...falco("--", "sh", "-c", `id -u; cat ${SECRET}; exit 4`)], {
        stdin: "ignore",
        env: { PATH: process.env.PATH ?? "", HOME: "/" },
      });
      if (child.exitCode !== 4) console.log(child.stderr.toString());
      expect({ code: child.exitCode, stdout: child.stdout.toString() }).toEqual({
        code: 4,
        stdout: "65534\nsecret\n",
      });
      expect(child.stderr.toString()).toContain("secret read by cat");
    },
  );
});

describe.skipIf(reason !== undefined)("falco trace -p PID", () => {
  test("watches a running process with all its threads and children, and lets it go unharmed", async () => {
    const script = `while :; do cat ${SECRET}; sleep 0.05; done`;
    const target = endWithTests(Bun.spawn(["sh", "-c", script], { stdin: "ignore", stdout: "ignore" }));
    const tracing = start("-p", String(target.pid));
    let said = "";
    for await (const chunk of tracing.stderr) {
      said += Buffer.from(chunk).toString();
      if (count(said, "secret read by cat below sh") > 2) tracing.kill("SIGINT");
    }
    expect({ code: await tracing.exited, said }).toMatchObject({ code: 0 });
    expect(readFileSync(`/proc/${target.pid}/status`, "utf8")).toMatch(/TracerPid:\t0/);
    target.kill();
    await target.exited;
  });

  test("ends with the process, and says when there is none", async () => {
    const target = endWithTests(Bun.spawn(["sleep", "1000"]));
    const tracing = start("-p", String(target.pid));
    const tracer = (): string => readFileSync(`/proc/${target.pid}/status`, "utf8");
    while (tracer().includes("TracerPid:\t0\n") && tracing.exitCode === null) await Bun.sleep(10);
    target.kill();
    expect((await ended(tracing)).code).toBe(0);
    const missing = await run("-p", "4194304");
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("Cannot trace process 4194304: there is no such process");
  });
});
