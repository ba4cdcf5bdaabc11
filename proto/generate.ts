/**
 * Writes all generated code anew from the .proto files: `bun run proto`. TypeScript and the descriptors that the
 * Python client reads need nothing but the project's own tools; Go and Rust are left as they are where their
 * toolchains are absent.
 */
import { join } from "node:path";

const ROOT = import.meta.dir;
const OURS = ["outputs", "version", "schema", "api"].flatMap((name) => ["--path", `${name}.proto`]);

interface Step {
  readonly what: string;
  readonly command: readonly string[];
  readonly needs?: string;
  readonly cwd?: string;
}

const STEPS: readonly Step[] = [
  { what: "TypeScript", command: ["buf", "generate"] },
  {
    what: "Python",
    command: [
      "buf",
      "build",
      ...["-o", "clients/python/falco_client/gen/falco.binpb"],
      "--as-file-descriptor-set",
      "--exclude-source-info",
      ...OURS,
    ],
  },
  { what: "Go", command: ["buf", "generate", "--template", "buf.gen.go.yaml", ...OURS], needs: "go" },
  { what: "Rust", command: ["cargo", "run", "-q", "-p", "codegen"], needs: "cargo", cwd: "clients/rust" },
];

const tools = join(ROOT, "../node_modules/.bin");
const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
let failed = false;
for (const { what, command, needs, cwd = "." } of STEPS) {
  if (needs !== undefined && Bun.which(needs) === null) {
    console.error(`${what}: skipped, there is no ${needs}`);
    continue;
  }
  const { exitCode } = Bun.spawnSync([...command], {
    cwd: join(ROOT, cwd),
    env,
    stdout: "inherit",
    stderr: "inherit",
  });
  failed ||= exitCode !== 0;
  console.log(`${what}: ${exitCode === 0 ? "written" : `failed with ${exitCode}`}`);
}
process.exit(failed ? 1 : 0);
