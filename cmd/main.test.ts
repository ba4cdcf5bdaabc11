import { describe, expect, test } from "bun:test";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "main.ts");

function falco(...words: string[]) {
  const child = Bun.spawnSync([process.execPath, MAIN, ...words], { stdin: "ignore" });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}
const shell = (line: string) => {
  const child = Bun.spawnSync(["bash", "-c", line], {
    env: { ...process.env, FALCO: `${process.execPath} ${MAIN}` },
  });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
};

describe("falco", () => {
  test("prints answers on standard output and exits 0", () => {
    const { code, stdout, stderr } = falco("version", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ falco_version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });

  test("prints a usage error in a line with a hint on standard error and exits 1, without a stack trace", () => {
    expect(falco("verison")).toEqual({
      code: 1,
      stdout: "",
      stderr: 'Error: Unknown command "verison" of "falco" [USAGE]\n  did you mean "falco version"?\n',
    });
  });

  test("uses no colours where nobody looks", () => {
    expect(falco("--help").stdout).not.toContain("\x1b");
  });

  test("a reader that stops reading is no failure, a full disk is one", () => {
    expect(shell("$FALCO fields --format json | head -n 1; exit ${PIPESTATUS[0]}")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const full = shell("$FALCO fields >/dev/full");
    expect(full.code).toBe(1);
    expect(full.stderr).toStartWith("Error: Cannot write to standard output: ENOSPC");
  });

  test("gives a slow reader all of it", () => {
    const { stdout } = shell("$FALCO fields --format json | (sleep 0.3; cat)");
    expect(() => JSON.parse(stdout)).not.toThrow();
  });
});
