import { afterEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { RuleInfo, RulesBackend, RulesVerdict } from "./backend.ts";
import { rulesItems } from "./rules-document.ts";
import { RULES_FILE, RulesStore } from "./rules-store.ts";

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
function directory(): string {
  directories.push(mkdtempSync(join(tmpdir(), "falco-rules-")));
  return directories.at(-1)!;
}

/** Accepts whatever doesn't say `broken`; two rules come from a file. */
class Engine implements RulesBackend {
  applied: string[] = [];
  list(): RuleInfo[] {
    const base = {
      source: "syscall",
      priority: "Notice",
      condition: "",
      output: "",
      description: "",
    } as const;
    return [
      { ...base, name: "From file", tags: ["a"], enabled: true, file: "/etc/falco/falco_rules.yaml" },
      { ...base, name: "Other", tags: ["a", "b"], enabled: true, file: "/etc/falco/falco_rules.yaml" },
    ];
  }
  async validate(base: string, content: string): Promise<RulesVerdict> {
    const ok = !`${base}${content}`.includes("broken");
    const finding = {
      severity: "error",
      code: "LOAD_ERR_VALIDATE",
      message: "broken",
      item: "rule",
      line: 1,
      column: 1,
    } as const;
    return { ok, findings: ok ? [] : [finding], result: { successful: ok } };
  }
  async apply(content: string): Promise<RulesVerdict> {
    const verdict = await this.validate("", content);
    if (verdict.ok) this.applied.push(content);
    return verdict;
  }
}

function storeIn(where?: string) {
  const engine = new Engine();
  const store = new RulesStore(where);
  store.connect(engine);
  return { store, engine };
}

const RULE = "- rule: Mine\n  desc: d\n  condition: evt.num > 0\n  output: o\n  priority: WARNING\n";

test("RulesStore puts changes into effect one by one and keeps them in a file of mode 0600", async () => {
  const where = directory();
  const { store, engine } = storeIn(where);
  const empty = store.revision;
  const created = await store.create(`${RULE}- list: l\n  items: [0644, "no", yes]\n`);
  expect(created.verdict.ok).toBe(true);
  expect(created.revision).not.toBe(empty);
  await store.update(RULE.replace("> 0", "> 1"));
  await store.switch(["From file"], [], false);
  expect(engine.applied).toHaveLength(3);
  const file = join(where, RULES_FILE);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toContain('items: [ 0644, "no", yes ]');
  expect(parse(engine.applied.at(-1)!)).toEqual([
    { rule: "Mine", desc: "d", condition: "evt.num > 1", output: "o", priority: "WARNING" },
    { list: "l", items: [644, "no", "yes"] },
    { rule: "From file", enabled: false, override: { enabled: "replace" } },
  ]);
  const again = storeIn(where);
  expect([again.store.content, again.store.revision]).toEqual([store.content, store.revision]);
  await again.store.delete([{ kind: "rule", name: "Mine" }]);
  await again.store.delete([{ kind: "rule", name: "From file" }]);
  expect(parse(again.store.content)).toEqual([{ list: "l", items: [644, "no", "yes"] }]);
});

test("RulesStore refuses invalid rules with the findings and changes nothing", async () => {
  const where = directory();
  const { store, engine } = storeIn(where);
  await store.create(RULE);
  const { revision, content } = store;
  const { verdict } = await store.update(RULE.replace("evt.num > 0", "broken"));
  expect(verdict).toMatchObject({
    ok: false,
    findings: [{ code: "LOAD_ERR_VALIDATE" }],
    result: { successful: false },
  });
  expect([store.revision, store.content, engine.applied.length]).toEqual([revision, content, 1]);
  expect(readFileSync(join(where, RULES_FILE), "utf8")).not.toContain("broken");
});

test("RulesStore refuses what exists, what doesn't, and what others changed meanwhile", async () => {
  const { store } = storeIn();
  const { revision } = await store.create(RULE);
  await expect(store.create(RULE)).rejects.toMatchObject({ code: "API_EXISTS" });
  await expect(store.create(RULE.replace("Mine", "From file"))).rejects.toMatchObject({ code: "API_EXISTS" });
  await expect(store.update(RULE.replace("Mine", "None"))).rejects.toMatchObject({ code: "API_NOT_FOUND" });
  await expect(store.delete([{ kind: "rule", name: "From file" }])).rejects.toMatchObject({
    code: "API_PRECONDITION",
  });
  await expect(store.switch(["None"], [], true)).rejects.toMatchObject({ code: "API_NOT_FOUND" });
  await store.switch([], ["b"], false, revision);
  await expect(store.update(RULE, revision)).rejects.toMatchObject({ code: "API_CONFLICT" });
  expect(parse(store.content)[1]).toMatchObject({ rule: "Other", enabled: false });
});

test("RulesStore serialises changes that arrive together", async () => {
  const { store, engine } = storeIn();
  const rules = Array.from({ length: 20 }, (_, i) => RULE.replace("Mine", `R${i}`));
  await Promise.all(rules.map((rule) => store.create(rule)));
  expect(parse(engine.applied.at(-1)!)).toHaveLength(20);
});

test("RulesStore takes a change back that can't be stored", async () => {
  const where = directory();
  const { store, engine } = storeIn(join(where, RULES_FILE, "impossible"));
  await Bun.write(join(where, RULES_FILE), "");
  await expect(store.create(RULE)).rejects.toMatchObject({ code: "API_PRECONDITION" });
  expect([store.content, engine.applied.at(-1)]).toEqual(["", ""]);
  expect(existsSync(join(where, RULES_FILE))).toBe(true);
});

test("RulesStore says so when what was stored can't be read", async () => {
  const where = directory();
  await Bun.write(join(where, RULES_FILE), "- rule: [unclosed");
  expect(() => new RulesStore(where)).toThrow(/Cannot read ".*falco_api_rules.yaml"/);
  chmodSync(where, 0o700);
});

test("rulesItems() takes rules files only, without interpreting scalars", () => {
  expect(rulesItems("").length).toBe(0);
  expect(rulesItems("# nothing\n---\n").length).toBe(0);
  expect(
    rulesItems("- required_engine_version: 0.57.0\n---\n- macro: m\n  condition: a = 0x10\n").map(
      (item) => item.kind,
    ),
  ).toEqual(["required_engine_version", "macro"]);
  for (const bad of [
    "a: b",
    "- a",
    "- [x]",
    "- nothing: 1",
    "- rule:",
    "- rule: [a]",
    "- rule: {",
    "- &a {rule: x}\n- *a\n",
    "hello",
  ]) {
    expect(() => rulesItems(bad)).toThrow(/Cannot read the rules/);
  }
  expect(rulesItems("- rule: R\n  enabled: false\n")[0]).toMatchObject({ enables: false, modifies: true });
  expect(rulesItems("- rule: R\n  tags: [x]\n  override: {tags: append}\n")[0]).toMatchObject({
    enables: undefined,
    modifies: true,
  });
});
