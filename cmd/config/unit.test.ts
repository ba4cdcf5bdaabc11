import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const analyze = Bun.which("systemd-analyze");
const FALCO = [process.execPath, join(import.meta.dir, "..", "main.ts")];

describe.skipIf(analyze === null)(
  `falco config unit${analyze ? "" : " (systemd-analyze is not installed)"}`,
  () => {
    test("prints a unit that systemd takes without a word", async () => {
      const scratch = mkdtempSync(join(tmpdir(), "falco-unit-"));
      try {
        const text = Bun.spawnSync([...FALCO, "config", "unit"]).stdout.toString();
        expect(text).toContain("ExecStart=/usr/bin/falco\n");
        const file = join(scratch, "falco.service");
        await Bun.write(file, text.replace("/usr/bin/falco", process.execPath));
        const { exitCode, stderr } = Bun.spawnSync([analyze!, "verify", "--man=no", file]);
        // What systemd has to say of the machine's other units is not about this one.
        const said = stderr
          .toString()
          .split("\n")
          .filter((line) => line.includes("falco"));
        expect({ exitCode, said }).toEqual({ exitCode: 0, said: [] });
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    });
  },
);
