import { expect, test } from "bun:test";
import { allMetrics, sampleMetricsInput } from "../../tests/harness/metrics-input.ts";
import { eventually, freePort, installed, Workspace } from "../../tests/harness/programs.ts";
import { metricsPage } from "../metrics/prometheus.ts";
import { startWebServer, type WebOptions } from "./web.ts";

const options: WebOptions = {
  listen_address: "127.0.0.1",
  listen_port: 0,
  k8s_healthz_endpoint: "/healthz",
  ssl_enabled: false,
  ssl_certificate: "",
};
const deps = { versions: () => ({ falco_version: "0.44.1" }) };

test("startWebServer answers health, versions and nothing it was not given", async () => {
  let alive = true;
  const server = startWebServer(
    { ...options, k8s_healthz_endpoint: "/live" },
    { ...deps, healthy: () => alive },
  );
  const get = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, init);
  const health = await get("/live");
  expect([health.status, health.headers.get("content-type"), await health.text()]).toEqual([
    200,
    "application/json",
    '{"status": "ok"}',
  ]);
  expect(await (await get("/versions")).json()).toEqual({ falco_version: "0.44.1" });
  expect((await get("/metrics")).status).toBe(404);
  expect((await get("/healthz")).status).toBe(404);
  expect((await get("/versions", { method: "POST", body: "x" })).status).toBe(405);
  alive = false;
  expect((await get("/live")).status).toBe(503);
  await server.stop();
});

test("startWebServer names the address that is taken and the certificate that is missing", async () => {
  const first = startWebServer(options, deps);
  expect(() => startWebServer({ ...options, listen_port: first.port }, deps)).toThrow(
    `Cannot start the web server on 127.0.0.1:${first.port}`,
  );
  await first.stop();
  const secured = { ...options, ssl_enabled: true, ssl_certificate: "/nonexistent.pem" };
  expect(() => startWebServer(secured, deps)).toThrow("cannot read its certificate /nonexistent.pem");
});

test("startWebServer does not show what failed inside a page", async () => {
  const server = startWebServer(options, {
    ...deps,
    metrics: () => {
      throw new Error("a secret");
    },
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  expect([response.status, await response.text()]).toEqual([500, "internal error\n"]);
  await server.stop();
});

const openssl = installed("openssl");
test.skipIf(!openssl)("startWebServer serves HTTPS from one file with certificate and key", async () => {
  await using space = new Workspace();
  const made = Bun.spawnSync(
    [
      openssl!,
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "key.pem",
      "-out",
      "cert.pem",
      "-days",
      "1",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
    ],
    { cwd: space.path },
  );
  expect(made.exitCode).toBe(0);
  const certificate = await Bun.file(space.file("cert.pem")).text();
  await Bun.write(space.file("falco.pem"), certificate + (await Bun.file(space.file("key.pem")).text()));
  const server = startWebServer(
    { ...options, ssl_enabled: true, ssl_certificate: space.file("falco.pem") },
    deps,
  );
  const response = await fetch(`https://127.0.0.1:${server.port}/healthz`, { tls: { ca: certificate } });
  expect(response.status).toBe(200);
  await server.stop();
});

const prometheus = installed("prometheus");
test.skipIf(!prometheus)(
  "startWebServer's /metrics is scraped by a real Prometheus",
  async () => {
    await using space = new Workspace();
    const server = startWebServer(options, {
      ...deps,
      metrics: () => metricsPage(sampleMetricsInput(), allMetrics),
    });
    const port = await freePort();
    await Bun.write(
      space.file("prometheus.yml"),
      `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: falco, static_configs: [{targets: ["127.0.0.1:${server.port}"]}]}]\n`,
    );
    space.spawn([
      prometheus!,
      `--config.file=${space.file("prometheus.yml")}`,
      `--storage.tsdb.path=${space.file("data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const query = async (text: string): Promise<string | undefined> => {
      try {
        const response = await fetch(
          `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`,
        );
        const body = (await response.json()) as { data?: { result: { value: [number, string] }[] } };
        return body.data?.result[0]?.value[1];
      } catch {
        return undefined;
      }
    };
    expect(await eventually(async () => (await query("up")) === "1")).toBe(true);
    expect(await query("falcosecurity_falco_alerts_total")).toBe("2");
    expect(await query('sum(falcosecurity_scap_n_drops_buffer_total{dir="exit"})')).toBe("52");
    expect(await query('falcosecurity_falco_rules_matches_total{tag_filesystem="true"}')).toBe("1");
    await server.stop();
  },
  120_000,
);
