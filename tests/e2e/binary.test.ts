import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Built, build } from "../build/build.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "../conformance/location.ts";
import { EmptyRoot, emptyRootUnavailable } from "../harness/empty-root.ts";

const noRoot = emptyRootUnavailable();
let directory: string;
let built: Built;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "falco-binary-"));
  built = await build(undefined, join(directory, "falco"));
}, 180_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function falco(words: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawnSync([built.path, ...words], { stdin: "ignore", cwd: directory, env });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

describe("the binary", () => {
  test("is no interpreter, whatever the environment and the directory say", async () => {
    await Bun.write(join(directory, "evil.ts"), "console.log('interpreted');");
    await Bun.write(join(directory, ".env"), "BUN_BE_BUN=1\nFALCO_FROM_DOTENV=1\n");
    await Bun.write(join(directory, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
    const plain = falco(["version"]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    const hostile = { BUN_BE_BUN: "1", BUN_OPTIONS: "--preload ./evil.ts", BUN_INSPECT_PRELOAD: "./evil.ts" };
    expect(falco(["version"], hostile)).toEqual(plain);
    expect(falco(["evil.ts"], hostile)).toMatchObject({ code: 1, stdout: "" });
  });

  test.skipIf(noRoot !== undefined)(
    `runs where there is nothing but itself and /proc${noRoot === undefined ? "" : ` [skipped: ${noRoot}]`}`,
    () => {
      expect(built.needs).toBeUndefined();
      const root = new EmptyRoot(built.path);
      try {
        expect(root.run(["version"])).toEqual(falco(["version"]));
        expect(root.run(["fields", "--names"])).toEqual(falco(["fields", "--names"]));
        expect(root.run(["config", "show"])).toEqual(falco(["config", "show"]));
      } finally {
        root.remove();
      }
    },
  );

  const noReplay = noRoot ?? CONFORMANCE_MISSING;
  test.skipIf(noReplay !== undefined)(
    `replays a capture there, engine thread and all, as it does outside${noReplay === undefined ? "" : ` [skipped: ${noReplay}]`}`,
    () => {
      const root = new EmptyRoot(built.path);
      try {
        copyFileSync(join(CONFORMANCE, "captures/files.scap"), join(root.directory, "files.scap"));
        copyFileSync(join(CONFORMANCE, "captures/files.scap"), join(directory, "files.scap"));
        const words = [
          "-o",
          "engine.kind=replay",
          "-o",
          "engine.replay.capture_file=files.scap",
          "-o",
          "syslog_output.enabled=false",
          "-o",
          "webserver.enabled=false",
        ];
        const inside = root.run(words);
        expect(inside.code).toBe(0);
        expect(inside.stdout).toMatch(/^Events detected: [1-9]/m);
        // No user database in there, so names may differ; what was found may not.
        const counts = ({ stdout }: { stdout: string }) => stdout.slice(stdout.indexOf("Events detected"));
        expect(counts(inside)).toBe(counts(falco(words)));
      } finally {
        root.remove();
      }
    },
  );
});
