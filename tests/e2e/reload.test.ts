import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EMBEDDED_RULES } from "../../core/library/rules.ts";
import { endWithTests } from "../harness/children.ts";
import { FALCO } from "../harness/falco-cli.ts";
import { eventually, Workspace } from "../harness/programs.ts";
import { whyNoEbpf } from "./live-recorder.ts";

const RELOADS = 10;
const WORKLOAD = join(import.meta.dir, "workload/numbered-opens.ts");
const reason = whyNoEbpf();
if (reason) console.log(`skipped: reloads under a flood, ${reason}`);

/** The rules on board, which take their time to compile, and one for the numbered files. */
const rules = (directory: string, version: number): string => `${EMBEDDED_RULES.content}
- rule: Numbered
  desc: version ${version}
  condition: evt.type in (open, openat) and fd.name startswith ${directory}/numbered-
  output: "%fd.name"
  priority: CRITICAL
`;

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;

function start(space: Workspace) {
  const options = [
    "stdout_output.enabled=false",
    "file_output.enabled=true",
    `file_output.filename=${space.file("alerts")}`,
    "file_output.keep_alive=true",
    "json_output=true",
    "json_include_output_property=false",
    "priority=critical",
    "webserver.enabled=false",
    // What is looked at is the reload, not what a machine that is busy with other tests can take.
    "engine.modern_ebpf.buf_size_preset=6",
    // One reload a signal, so that they can be counted.
    "watch_config_files=false",
  ];
  const child = Bun.spawn(
    [...FALCO, "-r", space.file("rules.yaml"), ...options.flatMap((option) => ["-o", option])],
    { stdin: "ignore", stdout: "ignore", stderr: Bun.file(space.file("log")) },
  );
  endWithTests(child);
  const log = (): string => readFileSync(space.file("log"), "utf8");
  const loads = (): number => log().split("rules.yaml | schema validation: ok").length - 1;
  return { child, log, loads };
}

interface Line {
  readonly rule: string;
  readonly output_fields: Readonly<Record<string, unknown>>;
}

test.skipIf(reason !== undefined)(
  `SIGHUP, ${RELOADS} times under a flood of events, loses no event, gives no alert twice, and keeps memory`,
  async () => {
    await using space = new Workspace();
    writeFileSync(space.file("rules.yaml"), rules(space.path, 0));
    writeFileSync(space.file("log"), "");
    const { child, log, loads } = start(space);
    try {
      // What runs before capture has begun is not seen.
      const begun = async (): Promise<boolean> => {
        await Bun.spawn(["cat", space.file("numbered-before")], { stderr: "ignore" }).exited;
        return existsSync(space.file("alerts")) && readFileSync(space.file("alerts"), "utf8") !== "";
      };
      expect(await eventually(begun)).toBe(true);
      space.spawn([process.execPath, WORKLOAD, space.path]);
      const resident: number[] = [];
      for (let i = 1; i <= RELOADS; i++) {
        writeFileSync(space.file("rules.yaml"), rules(space.path, i));
        child.kill("SIGHUP");
        expect(await eventually(() => loads() === i + 1)).toBe(true);
        resident.push(residentMegabytes(child.pid));
      }
      // Bad rules leave those before in place.
      writeFileSync(space.file("rules.yaml"), "- rule: Broken\n");
      child.kill("SIGHUP");
      expect(await eventually(() => log().includes("Cannot reload, going on as before"))).toBe(true);
      writeFileSync(space.file("stop"), "");
      expect(await eventually(() => existsSync(space.file("count")))).toBe(true);
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);

      const alerts = readFileSync(space.file("alerts"), "utf8").trim().split("\n");
      const lines = alerts.map((text) => JSON.parse(text) as Line);
      const seen = lines
        .filter(({ rule }) => rule === "Numbered")
        .map(({ output_fields }) => String(output_fields["fd.name"]).split("-").at(-1)!)
        .filter((number) => number !== "before");
      const count = Number(readFileSync(space.file("count"), "utf8"));
      expect(count).toBeGreaterThan(RELOADS * 40);
      expect(seen.length).toBe(count);
      expect(new Set(seen).size).toBe(count);
      expect(lines.filter(({ rule }) => rule === "Falco internal: hot restart failure").length).toBe(1);
      expect(resident.at(-1)!).toBeLessThan(resident[2]! + 150);
      console.log(
        `${count} events; resident megabytes after each reload: ${resident.map(Math.round).join(" ")}`,
      );
    } finally {
      child.kill("SIGKILL");
    }
  },
  300_000,
);
