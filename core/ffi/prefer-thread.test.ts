import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const reason = process.getuid?.() === 0 ? undefined : "not root";

/** For a process of its own, since nice values stay. Prints those of the threads that compile, and the main thread's before and after. */
const SCRIPT = `
import { readdirSync, readFileSync } from "node:fs";
import { preferHelpers } from ${JSON.stringify(join(import.meta.dir, "prefer-thread.ts"))};
let sum = 0;
const work = (i) => { for (let k = 0; k < 100; k++) sum += (i ^ k) % 7; };
const threads = () => readdirSync("/proc/self/task").map((tid) => {
  const stat = readFileSync("/proc/self/task/" + tid + "/stat", "latin1");
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  return { name, nice: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]) };
});
while (!threads().some(({ name }) => name === "JITWorker")) for (let i = 0; i < 1e5; i++) work(i);
const main = () => threads()[0].nice;
const before = main();
preferHelpers();
const compilers = [...new Set(threads().filter(({ name }) => name === "JITWorker").map(({ nice }) => nice))];
console.log(JSON.stringify({ compilers, before, main: main() }));
`;

test.skipIf(reason !== undefined)(
  `preferHelpers lets threads that compile come before others, and leaves the main thread${reason ? ` (skipped: ${reason})` : ""}`,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "falco-prefer-"));
    const script = join(dir, "script.ts");
    await Bun.write(script, SCRIPT);
    const child = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "inherit" });
    const { compilers, before, main } = JSON.parse(await new Response(child.stdout).text());
    rmSync(dir, { recursive: true });
    expect(compilers).toEqual([-10]);
    expect(main).toBe(before);
  },
);
