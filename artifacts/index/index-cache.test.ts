import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HostileRegistry, startHostileRegistry } from "../../tests/harness/hostile-registry.ts";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { storeCredential } from "../auth/docker-config.ts";
import { credentialSource } from "../auth/find-credential.ts";
import type { Log } from "../log.ts";
import { readConfigFile } from "../settings/config-file.ts";
import { userPaths } from "../settings/paths.ts";
import { resolveSettings } from "../settings/resolve.ts";
import { shownIndexUrl } from "./fetch-index.ts";
import { IndexCache } from "./index-cache.ts";

const entry = (name: string, repository = name) =>
  `- {name: ${name}, type: rulesfile, registry: r.io, repository: ${repository}}\n`;

describe("IndexCache", () => {
  const dir = tempDir();
  let server: HostileRegistry;
  let counter = 0;
  let text = entry("a");
  let etag = '"1"';
  beforeAll(async () => {
    server = await startHostileRegistry();
    serve();
  });
  afterEach(() => {
    server.seen.length = 0;
    serve();
  });
  afterAll(() => server.stop());
  const serve = () => {
    server.misbehave = ({ headers, path }, response) => {
      const ok = !path.includes("private") || headers["authorization"] === `Basic ${btoa("me:pw")}`;
      if (!ok) response.writeHead(401).end();
      else if (headers["if-none-match"] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag }).end(text);
      return true;
    };
  };
  const home = () => {
    const path = join(dir, String(counter++));
    mkdirSync(path);
    return path;
  };
  const open = async (at: string, env: Record<string, string> = {}, log: Log = () => undefined) => {
    const configPath = join(at, "falcoctl.yaml");
    const settings = resolveSettings({ flags: {}, env, file: await readConfigFile(configPath) });
    const paths = userPaths({ HOME: at });
    const credentials = credentialSource(settings, paths);
    return new IndexCache({ settings, configPath, log, paths, credentials, http: { attempts: 1 } });
  };
  const names = (cache: IndexCache) => cache.sources.map(({ name }) => name);
  const updated = (at: string) => readFileSync(join(at, ".config/falcoctl/indexes.yaml"), "utf8");

  test("the default index is there until indexes are configured, and can be removed", async () => {
    const at = home();
    expect(names(await open(at))).toEqual(["falcosecurity"]);
    const cache = await open(at);
    expect(await cache.add("mine", server.url)).toBe("added");
    expect(await cache.add("mine", server.url)).toBe("present");
    expect(names(await open(at))).toEqual(["falcosecurity", "mine"]);
    await (await open(at)).remove(["falcosecurity"]);
    expect(names(await open(at))).toEqual(["mine"]);
    expect((await (await open(at)).catalog()).entry("a")?.repository).toBe("a");
    await (await open(at)).remove(["mine"]);
    expect(names(await open(at))).toEqual([]);
    expect(existsSync(join(at, ".config/falcoctl/indexes/mine.yaml"))).toBe(false);
  });

  test("asks only for what has changed, and keeps the copy when it has not", async () => {
    const at = home();
    const cache = await open(at, { FALCOCTL_INDEXES: `mine,${server.url}/i.yaml` });
    await cache.catalog();
    expect(await cache.update()).toEqual([{ name: "mine", changed: false }]);
    expect(server.seen.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"']);
    [text, etag] = [entry("a") + entry("b"), '"2"'];
    const again = await open(at, { FALCOCTL_INDEXES: `mine,${server.url}/i.yaml` });
    expect(await again.update(["mine"])).toEqual([{ name: "mine", changed: true }]);
    expect((await again.catalog()).entry("b")?.name).toBe("b");
  });

  test("refreshes a copy older than a day, and uses it with a warning when that fails", async () => {
    const at = home();
    await (await open(at, { FALCOCTL_INDEXES: `mine,${server.url}` })).catalog();
    const old = updated(at).replace(/updated_timestamp: .*/, "updated_timestamp: 2022-10-07 10:53:40");
    writeFileSync(join(at, ".config/falcoctl/indexes.yaml"), old);
    server.seen.length = 0;
    server.misbehave = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    const warnings: string[] = [];
    const cache = await open(
      at,
      { FALCOCTL_INDEXES: `mine,${server.url}` },
      (level, message) => void warnings.push(`${level} ${message}`),
    );
    expect((await cache.catalog({ refresh: true })).entry("a")).toBeDefined();
    expect(warnings).toEqual([
      expect.stringContaining('warn Using the copy of index "mine" of 2022-10-07 10:53:40'),
    ]);
    await (await open(at, { FALCOCTL_INDEXES: `mine,${server.url}` })).catalog();
    expect(server.seen).toHaveLength(1);
  });

  test("of several indexes the first counts for a name", async () => {
    const at = home();
    writeFileSync(join(at, "one.yaml"), entry("a", "first") + entry("only-one"));
    writeFileSync(join(at, "two.yaml"), entry("a", "second") + entry("only-two"));
    const catalog = await (
      await open(at, { FALCOCTL_INDEXES: `one,${at}/one.yaml;two,file://${at}/two.yaml` })
    ).catalog();
    expect(["a", "only-one", "only-two"].map((name) => catalog.entry(name)?.repository)).toEqual([
      "first",
      "only-one",
      "only-two",
    ]);
  });

  test("an index that can't be had stops who installs by name, not who only looks", async () => {
    const at = home();
    writeFileSync(join(at, "two.yaml"), entry("a", "second"));
    const warnings: string[] = [];
    const cache = await open(
      at,
      { FALCOCTL_INDEXES: `one,${at}/none.yaml;two,${at}/two.yaml` },
      (level, message) => void warnings.push(`${level} ${message}`),
    );
    await expect(cache.catalog()).rejects.toMatchObject({
      hint: "to do without this index: falco index remove one",
    });
    expect((await cache.catalog({ partial: true })).entry("a")?.repository).toBe("second");
    expect(warnings).toEqual([expect.stringContaining('warn Going on without index "one": ')]);
  });

  test("remove takes an index out of the configuration file, and says when it can't be there", async () => {
    const at = home();
    writeFileSync(join(at, "falcoctl.yaml"), `# mine\nindexes:\n- name: mine\n  url: ${server.url}\n`);
    await (await open(at)).remove(["mine"]);
    expect(names(await open(at))).toEqual([]);
    expect(readFileSync(join(at, "falcoctl.yaml"), "utf8")).toContain("# mine");
    const fixed = await open(at, { FALCOCTL_INDEXES: `fixed,${server.url}` });
    await expect(fixed.remove(["fixed"])).rejects.toThrow("FALCOCTL_INDEXES names it");
    await expect(fixed.remove(["other"])).rejects.toThrow("there is none of that name");
  });

  test("sends stored credentials to a private index, and no other; shows no password", async () => {
    const at = home();
    await expect((await open(at)).add("p", `${server.url}/private`)).rejects.toThrow("status 401");
    await storeCredential(userPaths({ HOME: at }).credentials, server.host, {
      username: "me",
      password: "pw",
    });
    expect(await (await open(at)).add("p", `${server.url}/private`)).toBe("added");
    const inUrl = server.url.replace("//", "//me:pw@");
    expect(await (await open(home())).add("q", `${inUrl}/private`)).toBe("added");
    expect(shownIndexUrl(`${inUrl}/private`)).toBe(`${server.url.replace("//", "//me:***@")}/private`);
    expect(statSync(join(at, ".config/falcoctl/indexes.yaml")).mode & 0o077).toBe(0);
  });

  test("an index that can't be read is not added", async () => {
    const at = home();
    text = "- name: x\n";
    etag = '"bad"';
    await expect((await open(at)).add("bad", server.url)).rejects.toThrow('"x" has no type');
    await expect((await open(at)).add("../x", server.url)).rejects.toThrow("as an index's name");
    await expect((await open(at)).add("x", "ldap://x")).rejects.toThrow('unknown scheme "ldap"');
    expect(names(await open(at))).toEqual(["falcosecurity"]);
    [text, etag] = [entry("a"), '"1"'];
  });

  test("a list that falcoctl wrote is read", async () => {
    const at = home();
    mkdirSync(join(at, ".config/falcoctl/indexes"), { recursive: true });
    const list =
      'configs:\n    - added_timestamp: "2022-10-07 10:53:40"\n      name: old\n      updated_timestamp: "2022-10-07 12:06:21"\n      url: https://example.com/i.yaml\n';
    writeFileSync(join(at, ".config/falcoctl/indexes.yaml"), list);
    writeFileSync(join(at, ".config/falcoctl/indexes/old.yaml"), entry("z"));
    const cache = await open(at);
    expect(cache.sources).toEqual([
      {
        name: "old",
        url: "https://example.com/i.yaml",
        backend: "https",
        added: "2022-10-07 10:53:40",
        updated: "2022-10-07 12:06:21",
      },
    ]);
    expect((await cache.catalog()).entry("z")?.name).toBe("z");
  });
});
