import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { registryMissing, startDockerRegistry } from "../harness/docker-registry.ts";
import type { BenchRow } from "./bench.ts";

const ROOT = resolve(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/falco");
const SIZE = 200 << 20;
const ENTRIES = 1000;

export const name = "artifacts";
export const description =
  "a plugin of 200 MB through a registry on loopback, to be near a bare download and below 150 MB; a search in 1,000 entries, to be below 200 ms";

export async function run(): Promise<readonly BenchRow[] | string> {
  const missing = registryMissing();
  if (missing) return missing;
  const dir = mkdtempSync(join(tmpdir(), "falco-bench-"));
  const registry = await startDockerRegistry();
  try {
    for (const sub of ["plugins", "state", "home"]) mkdirSync(join(dir, sub));
    writePlugin(join(dir, "libbig.so"));
    writeIndex(join(dir, "index.yaml"), registry.host);
    const falco = falcoIn(dir);
    falco("index", "add", "bench", `file://${dir}/index.yaml`);
    falco("index", "remove", "falcosecurity");
    const ref = `${registry.host}/bench/big:1.0.0`;
    const platform = ["--plain-http", "--platform", "linux/amd64"];
    const push = falco(
      "registry",
      "push",
      "--type",
      "plugin",
      "--version",
      "1.0.0",
      ...platform,
      ref,
      "libbig.so",
    );
    const places = ["--plugins-dir", "plugins", "--state-dir", "state"];
    const install = falco("artifact", "install", ...platform, ...places, ref);
    const pull = falco("registry", "pull", ...platform, "-o", "pulled", ref);
    const packed = falco(
      "registry",
      "push",
      "--type",
      "plugin",
      "--version",
      "1.0.0",
      ...platform,
      `${registry.host}/bench/packed:1`,
      "pulled/libbig.so.tar.gz",
    );
    const searches = Array.from({ length: 9 }, () => falco("artifact", "search", `artifact-${ENTRIES >> 1}`));
    const search = searches.sort((a, b) => a.ms - b.ms)[4]!;
    const bare = await bareDownload(registry.host);
    return [
      row("pack and push 200 MB", push.ms, push.memory),
      row("push it packed", packed.ms, packed.memory),
      row("pull it", pull.ms, pull.memory),
      row("install it", install.ms, install.memory),
      row("download and hash it, nothing else", bare.ms, 0),
      {
        what: `search ${ENTRIES} entries (median)`,
        ms: search.ms,
        "MB/s": "",
        "RSS MB": search.memory / 1e6,
      },
    ];
  } finally {
    await registry.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const row = (what: string, ms: number, memory: number): BenchRow => ({
  what,
  ms,
  "MB/s": SIZE / 1000 / ms,
  "RSS MB": memory > 0 ? memory / 1e6 : "",
});

/** Runs the binary where there is one, for it is what people run; else the sources. */
function falcoIn(dir: string): (...words: string[]) => { ms: number; memory: number } {
  const program = existsSync(BINARY) ? [BINARY] : [process.execPath, join(ROOT, "cmd/main.ts")];
  const env = { ...process.env, HOME: join(dir, "home"), DOCKER_CONFIG: join(dir, "home") };
  return (...words) => {
    const start = performance.now();
    const command = [...program, ...words, "--config", join(dir, "falcoctl.yaml")];
    const { exitCode, resourceUsage, stderr } = Bun.spawnSync(command, { cwd: dir, env });
    if (exitCode !== 0) throw new Error(`falco ${words.join(" ")}: ${stderr}`);
    return { ms: performance.now() - start, memory: resourceUsage.maxRSS };
  };
}

/** What can't be compressed, so that 200 MB travel. */
function writePlugin(path: string): void {
  const file = openSync(path, "w");
  const block = new Uint8Array(1 << 20);
  for (let i = 0; i < SIZE >> 20; i++) {
    for (let at = 0; at < block.length; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
    writeSync(file, block);
  }
  closeSync(file);
}

function writeIndex(path: string, registry: string): void {
  const entries = Array.from({ length: ENTRIES }, (_, i) =>
    [
      `- name: artifact-${i}`,
      `  type: ${i % 2 ? "plugin" : "rulesfile"}`,
      `  registry: ${registry}`,
      `  repository: some/where/artifact-${i}`,
      `  description: Reads the events of service number ${i}`,
      `  keywords: [audit, kubernetes, service-${i}]`,
      "  license: Apache-2.0",
      "  maintainers: [{name: Somebody, email: somebody@example.com}]",
      "  sources: [https://example.com/sources]",
    ].join("\n"),
  );
  writeFileSync(path, entries.join("\n") + "\n");
}

/** The least that any client must do: receive the bytes and hash them. */
async function bareDownload(host: string): Promise<{ ms: number }> {
  const base = `http://${host}/v2/bench/big`;
  const headers = {
    accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json",
  };
  const index = (await (await fetch(`${base}/manifests/1.0.0`, { headers })).json()) as {
    manifests: { digest: string }[];
  };
  const manifest = (await (
    await fetch(`${base}/manifests/${index.manifests[0]?.digest}`, { headers })
  ).json()) as {
    layers: { digest: string }[];
  };
  const start = performance.now();
  const response = await fetch(`${base}/blobs/${manifest.layers[0]?.digest}`);
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of response.body ?? []) hash.update(chunk);
  hash.digest("hex");
  return { ms: performance.now() - start };
}
