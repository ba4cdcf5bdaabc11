import { expect, test } from "bun:test";
import { join } from "node:path";

test("releaseOwnText gives memory back, and the program goes on", async () => {
  const script = `
    const { readFileSync } = require("node:fs");
    const { releaseOwnText } = await import(${JSON.stringify(join(import.meta.dir, "own-text.ts"))});
    const resident = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))[1]);
    const before = resident();
    for (let i = 0; i < 3; i++) releaseOwnText();
    const after = resident();
    Bun.gc(true);
    console.log(after < before, JSON.parse(JSON.stringify([1, { a: "b".replace(/b/, "c") }]))[1].a);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toBe("true c\n");
  expect(await child.exited).toBe(0);
});
