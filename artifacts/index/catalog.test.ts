import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "../../tests/harness/temp-dir.ts";
import { formatReference } from "../oci/reference.ts";
import { buildIndex } from "./build-index.ts";
import { Catalog } from "./catalog.ts";
import { parseIndex } from "./parse-index.ts";
import { parseMinScore, searchArtifacts } from "./search.ts";

const digest = `sha256:${"a".repeat(64)}`;
const entries = await parseIndex(
  `
- {name: k8saudit, type: plugin, registry: r.io, repository: p/k8saudit, keywords: [kubernetes-audit, eks], signature: {cosign: {key: k.pub}}}
- {name: k8saudit-rules, type: rulesfile, registry: r.io, repository: r/k8saudit, keywords: [kubernetes-audit]}
- {name: cloudtrail, type: plugin, registry: r.io, repository: p/cloudtrail, keywords: [aws]}
`,
  "x",
);
const catalog = new Catalog([{ name: "main", entries }]);

describe("Catalog.locate", () => {
  test.each([
    ["k8saudit", "r.io/p/k8saudit:latest"],
    ["k8saudit:0.5", "r.io/p/k8saudit:0.5"],
    [`k8saudit@${digest}`, `r.io/p/k8saudit@${digest}`],
    ["other.io/a/b", "other.io/a/b:latest"],
    ["other.io/a/b:1", "other.io/a/b:1"],
  ])("takes %p as %p", (text, reference) => {
    expect(formatReference(catalog.locate(text).reference)).toBe(reference);
  });

  test("brings the signature that the index demands, also for the full reference of a listed repository", () => {
    const policy = { key: "k.pub", ignoreTlog: false };
    expect(catalog.locate("k8saudit:1").signature).toEqual(policy);
    expect(catalog.locate("r.io/p/k8saudit:1").signature).toEqual(policy);
    expect(catalog.locate("other.io/p/k8saudit:1").signature).toBeUndefined();
  });

  test("names the nearest artifact for an unknown name", () => {
    expect(() => catalog.locate("k8saudi")).toThrow(
      expect.objectContaining({ code: "ARTIFACT_UNKNOWN", hint: 'did you mean "k8saudit"?' }),
    );
    expect(() => catalog.locate("k8saudit@sha256:1")).toThrow("64 lower-case hex");
    expect(() => catalog.locate("k8saudit:a b")).toThrow("not a tag");
  });
});

describe("searchArtifacts", () => {
  const names = (...words: string[]) => searchArtifacts(catalog, words).map(({ entry }) => entry.name);
  test("finds names that are alike, keywords that contain the word, best first", () => {
    expect(names("k8saudot")).toEqual(["k8saudit"]);
    expect(names("kubernetes")).toEqual(["k8saudit-rules", "k8saudit"]);
    expect(names("cloudtrial", "eks")).toEqual(["cloudtrail", "k8saudit"]);
    expect(names("nothing-like-it")).toEqual([]);
  });

  test("narrows by type and by score", () => {
    expect(
      searchArtifacts(catalog, ["kubernetes"], { type: "rulesfile" }).map(({ entry }) => entry.name),
    ).toEqual(["k8saudit-rules"]);
    expect(searchArtifacts(catalog, ["k8saudot"], { minScore: 0.95 })).toEqual([]);
    expect(() => parseMinScore("0")).toThrow("above 0");
  });
});

test("buildIndex makes an index that parseIndex takes, from descriptions and from what files are", async () => {
  const dir = tempDir();
  const put = (path: string, text: string) => {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  put(
    "described/artifact.yaml",
    "name: one\ntype: asset\nregistry: r.io\nrepository: x/one\nkeywords: [a]\n",
  );
  put("my_plugin/libmy.so", "ELF");
  put("rules_of_mine.yaml", "- rule: x\n");
  put("README.md", "text");
  const made = await parseIndex(await buildIndex(dir, { prefix: "ghcr.io/me/falco" }), "made");
  expect(made.map((e) => [e.name, e.type, `${e.registry}/${e.repository}`])).toEqual([
    ["my-plugin", "plugin", "ghcr.io/me/falco/my-plugin"],
    ["one", "asset", "r.io/x/one"],
    ["rules-of-mine", "rulesfile", "ghcr.io/me/falco/rules-of-mine"],
  ]);
  await expect(buildIndex(dir)).rejects.toThrow("its registry and repository are not known");
  await expect(buildIndex(join(dir, "none"))).rejects.toThrow("Cannot build an index");
  mkdirSync(join(dir, "empty"));
  await expect(buildIndex(join(dir, "empty"))).rejects.toThrow("no artifact is in it");
});
