import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FalcoError } from "../../errors.ts";
import type { ConfigInfo, ConfigLayer, ConfigsBackend } from "./backend.ts";
import { ConfigStore } from "./config-store.ts";
import { configsHandlers } from "./configs-service.ts";

/** Three keys with defaults; `priority: bad` is invalid. */
class Settings implements ConfigsBackend {
  #layer: ConfigLayer = {};
  list(): ConfigInfo[] {
    const web = (this.#layer["webserver"] ?? {}) as ConfigLayer;
    const http = (this.#layer["http_output"] ?? {}) as ConfigLayer;
    const info = (key: string, actual: unknown, restart = false): ConfigInfo => {
      const secret = key.endsWith("token") && actual !== "";
      return { key, actual, value: secret ? "<hidden>" : actual, secret, restart };
    };
    return [
      info("priority", this.#layer.priority ?? "debug"),
      info("webserver.listen_port", web.listen_port ?? 8765, true),
      info("webserver.enabled", web.enabled ?? true),
      info("http_output.token", http.token ?? ""),
    ];
  }
  async apply(layer: ConfigLayer): Promise<void> {
    if (layer["priority"] === "bad") throw new FalcoError("CONFIG", 'Unknown priority "bad"');
    this.#layer = layer;
  }
}

function storeAt(path?: string) {
  const store = new ConfigStore(path);
  store.connect(new Settings());
  return store;
}

test("ConfigStore sets, patches and resets keys over the configured ones and keeps them in a file", async () => {
  const directory = mkdtempSync(join(tmpdir(), "falco-config-"));
  const path = join(directory, "api.yaml");
  const store = storeAt(path);
  expect((await store.set("webserver.listen_port", "9000")).map((one) => one.key)).toEqual([
    "webserver.listen_port",
  ]);
  expect(await store.patch("priority: error\nwebserver: {enabled: false}")).toHaveLength(2);
  expect(store.layer).toEqual({ priority: "error", webserver: { listen_port: 9000, enabled: false } });
  const again = storeAt(path);
  expect(again.layer).toEqual(store.layer);
  expect([again.overrides("priority"), again.overrides("http_output.token")]).toEqual([true, false]);
  await store.patch("webserver: {listen_port: null}");
  expect(store.layer).toEqual({ priority: "error", webserver: { enabled: false } });
  await store.reset(["webserver"]);
  expect(store.layer).toEqual({ priority: "error" });
  await store.reset([]);
  expect([store.layer, readFileSync(path, "utf8").includes("error")]).toEqual([{}, false]);
  rmSync(directory, { recursive: true });
});

test("ConfigStore changes nothing when a change is invalid, unreadable, or names no key", async () => {
  const store = storeAt();
  await store.set("priority", "error");
  await expect(store.set("priority", "bad")).rejects.toThrow('Unknown priority "bad"');
  await expect(store.set("priority", "{a: [}")).rejects.toMatchObject({ code: "API_INVALID" });
  await expect(store.patch("- a")).rejects.toMatchObject({ code: "API_INVALID" });
  await expect(store.reset(["priorty"])).rejects.toThrow('Unknown configuration key "priorty"');
  expect(() => store.get(["webserver.listen"])).toThrow("Unknown configuration key");
  expect(store.layer).toEqual({ priority: "error" });
});

test("ConfigStore takes keys as data: a prototype can't be reached through them", async () => {
  const store = storeAt();
  await store.patch('{"__proto__": {"polluted": true}}');
  await store.set("__proto__.polluted", "true");
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("configs never return a secret, neither when read nor when just set", async () => {
  const store = storeAt();
  const handlers = configsHandlers(store);
  const reply = await handlers.set_config({
    $typeName: "falco.api.v1.set_config_request",
    key: "http_output.token",
    value: "hunter2",
  });
  const all = await handlers.get_configs({ $typeName: "falco.api.v1.get_configs_request", keys: [] });
  expect(JSON.stringify([reply, all])).not.toContain("hunter2");
  expect(reply.configs).toEqual([
    { key: "http_output.token", value: "", secret: true, overridden: true, restart: false },
  ]);
});
