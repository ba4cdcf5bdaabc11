import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { enterRoot, placeFile, startOf, undo } from "./agent.ts";

const folder = tempDir();
const owner = { uid: process.getuid!(), gid: process.getgid!() };
async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe("placeFile()", () => {
  test("takes as many bytes as it is told to, and keeps what stood there until it is undone", async () => {
    const path = join(folder, "deep/er/file");
    await placeFile(path, chunks("first"), 5, 0o600, owner);
    await placeFile(path, chunks("sec", "ond and more"), 6, 0o4750, owner);
    await placeFile(path, chunks("third"), 5, 0o640, owner);
    expect(readFileSync(path, "utf8")).toBe("third");
    expect(statSync(path).mode & 0o7777).toBe(0o640);
    undo([path], []);
    expect(readFileSync(path, "utf8")).toBe("first");
    undo([path], []);
    expect(existsSync(path)).toBe(false);
  });

  test("leaves nothing of a file that did not come whole", async () => {
    const path = join(folder, "short");
    writeFileSync(path, "old");
    await expect(placeFile(path, chunks("ab"), 3, 0o600, owner)).rejects.toThrow("2 of 3 bytes");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(existsSync(`${path}.kilt-new`)).toBe(false);
  });

  test("does not write through a link that waits under the partial name", async () => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "safe");
    symlinkSync(victim, join(folder, "trap.kilt-new"));
    await placeFile(join(folder, "trap"), chunks("x"), 1, 0o600, owner);
    expect(readFileSync(victim, "utf8")).toBe("safe");
  });
});

describe("undo()", () => {
  test("ends a process only when it is the one that was started", async () => {
    const child = Bun.spawn(["sleep", "60"]);
    const start = startOf(child.pid)!;
    undo([], [{ pid: child.pid, start: String(Number(start) + 1) }]);
    expect(await Promise.race([child.exited, Bun.sleep(100).then(() => "alive")])).toBe("alive");
    undo([], [{ pid: child.pid, start }]);
    await child.exited;
    expect(child.signalCode).toBe("SIGTERM");
  });
});

describe("enterRoot()", () => {
  test("says what it takes when it may not", () => {
    expect(() => enterRoot("/proc/none")).toThrow("Cannot enter the container's root");
  });
});
