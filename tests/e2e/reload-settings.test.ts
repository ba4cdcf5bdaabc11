import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { FALCO } from "../harness/falco-cli.ts";
import { eventually, Workspace } from "../harness/programs.ts";

const RULES = "- rule: r\n  desc: d\n  condition: evt.type=open\n  output: x\n  priority: INFO\n";

const config = (space: Workspace, timeouts: number, buffers: number): string => `
engine: {kind: nodriver, modern_ebpf: {buf_size_preset: ${buffers}}}
rules_files: [${space.file("rules.yaml")}]
log_stderr: true
stdout_output: {enabled: true}
syscall_event_timeouts: {max_consecutives: ${timeouts}}
`;

test("a reload takes on what can be changed while falco runs, and names what waits for the next start", async () => {
  await using space = new Workspace();
  writeFileSync(space.file("rules.yaml"), RULES);
  writeFileSync(space.file("falco.yaml"), config(space, 1_000_000, 4));
  for (const name of ["log", "alerts"]) writeFileSync(space.file(name), "");
  const log = (): string => readFileSync(space.file("log"), "utf8");
  const alerts = (): string => readFileSync(space.file("alerts"), "utf8");
  const child = Bun.spawn([...FALCO, "-U", "-c", space.file("falco.yaml")], {
    stdin: "ignore",
    stdout: Bun.file(space.file("alerts")),
    stderr: Bun.file(space.file("log")),
  });
  try {
    expect(await eventually(() => log().includes("source with no driver"), 30_000)).toBe(true);
    writeFileSync(space.file("falco.yaml"), config(space, 1, 5));
    expect(await eventually(() => alerts().includes("1 consecutive timeouts without event"), 30_000)).toBe(
      true,
    );
    const waiting = log()
      .split("\n")
      .filter((line) => line.includes("at the next start only"));
    expect(waiting.map((line) => line.replace(/^.*only: /, ""))).toEqual([
      "engine.modern_ebpf.buf_size_preset",
    ]);
  } finally {
    child.kill("SIGINT");
  }
  expect(await child.exited).toBe(0);
}, 90_000);
