import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TestCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority and a server certificate for localhost and 127.0.0.1, as PEM, made with openssl. */
export function makeCertificates(): TestCertificates {
  const dir = mkdtempSync(join(tmpdir(), "falco-certificates-"));
  const path = (name: string): string => join(dir, name);
  const openssl = (...args: string[]): void => {
    const run = Bun.spawnSync(["openssl", ...args], { stderr: "pipe" });
    if (run.exitCode !== 0) throw new Error(`openssl ${args[0]}: ${run.stderr.toString()}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  try {
    writeFileSync(path("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      path("ca.key"),
      "-out",
      path("ca"),
      "-days",
      "2",
      "-subj",
      "/CN=falco test",
    );
    openssl("req", ...newKey, "-keyout", path("key"), "-out", path("request"), "-subj", "/CN=localhost");
    const signer = ["-CA", path("ca"), "-CAkey", path("ca.key"), "-CAcreateserial", "-days", "2"];
    openssl(
      "x509",
      "-req",
      "-in",
      path("request"),
      ...signer,
      "-out",
      path("cert"),
      "-extfile",
      path("names"),
    );
    const read = (name: string): string => readFileSync(path(name), "utf8");
    return { ca: read("ca"), cert: read("cert"), key: read("key") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
