import { expect, test } from "bun:test";
import { join } from "node:path";
import { stopFaultAround } from "./fault-around.ts";

/** Kilobytes of files that a process has in memory before and after `call`, and when it has worked a little since. */
async function residentAround(call: string): Promise<readonly [number, number, number]> {
  const script = `
    const { readFileSync } = require("node:fs");
    const { mapOwnTextSparingly, releaseOwnText } = await import(${JSON.stringify(join(import.meta.dir, "own-text.ts"))});
    const resident = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))[1]);
    const before = resident();
    ${call}
    const after = resident();
    Bun.gc(true);
    const text = JSON.parse(JSON.stringify([1, { a: "b".replace(/b/, "c") }]))[1].a;
    if (text !== "c") throw new Error(text);
    console.log(JSON.stringify([before, after, resident()]));`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    stdout: "pipe",
    stderr: "inherit",
    env: process.env,
  });
  const output = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return JSON.parse(output);
}

test("releaseOwnText gives memory back, and the program goes on", async () => {
  const [before, after] = await residentAround("for (let i = 0; i < 3; i++) releaseOwnText();");
  expect(after).toBeLessThan(before);
});

const refused = stopFaultAround(0, 0) ? "" : " [skipped: not root, or a kernel before 6.7]";

test("mapOwnTextSparingly gives memory back, and the program goes on", async () => {
  const [before, after] = await residentAround("mapOwnTextSparingly(); mapOwnTextSparingly();");
  expect(after).toBeLessThan(before);
});

test.skipIf(refused !== "")(`mapOwnTextSparingly has only what is needed come back${refused}`, async () => {
  const [, , sparingly] = await residentAround("mapOwnTextSparingly();");
  const [, , usual] = await residentAround("releaseOwnText();");
  expect(sparingly).toBeLessThan(usual / 2);
});
