import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FalcoError } from "../../core/errors.ts";
import { parseIndex } from "./parse-index.ts";

const entry = `
- name: k8saudit
  type: plugin
  registry: ghcr.io
  repository: falcosecurity/plugins/plugin/k8saudit
  description: Read Kubernetes audit events
  home: https://falco.org
  keywords: [audit, kubernetes]
  license: Apache-2.0
  maintainers:
    - {name: The Falco Authors, email: someone@example.com}
  sources: [https://example.com]
  signature:
    cosign:
      certificate-oidc-issuer: https://token.actions.githubusercontent.com
      certificate-identity-regexp: https://github.com/falcosecurity/plugins/
`;

describe("parseIndex", () => {
  test("reads every member of an entry", async () => {
    expect(await parseIndex(entry, "x")).toEqual([
      {
        name: "k8saudit",
        type: "plugin",
        registry: "ghcr.io",
        repository: "falcosecurity/plugins/plugin/k8saudit",
        description: "Read Kubernetes audit events",
        home: "https://falco.org",
        keywords: ["audit", "kubernetes"],
        license: "Apache-2.0",
        maintainers: [{ name: "The Falco Authors", email: "someone@example.com" }],
        sources: ["https://example.com"],
        signature: {
          issuer: "https://token.actions.githubusercontent.com",
          identityRegexp: "https://github.com/falcosecurity/plugins/",
          ignoreTlog: false,
        },
      },
    ]);
    expect(await parseIndex("", "x")).toEqual([]);
  });

  const second = "- name: b\n  type: asset\n  registry: r.io\n  repository: x/y\n";
  test.each([
    ["it is not a list", 1, "a: 1\n"],
    ['"k8saudit" has no registry', 2, entry.replace("  registry: ghcr.io\n", "")],
    ['unknown type "plugn"', 3, entry.replace("plugin\n", "plugn\n")],
    ["is not a repository", 5, entry.replace("falcosecurity/plugins", "Falco Security")],
    ["cannot be an artifact's name", 2, entry.replace("k8saudit", "../../etc")],
    ['"b" stands in it twice', 9, `${second}${second.replace("b", "c")}${second}`],
    ["entry 1 is not a mapping", 1, "- just text\n"],
    ['unknown member "certificate-oidc-isuer"', 15, entry.replace("oidc-issuer", "oidc-isuer")],
    ["names neither a key", 14, entry.replace(/ +certificate-identity.*\n/, "")],
    ["Nested mappings are not allowed", 3, entry.replace("type: plugin", "type: plugin: x")],
    [
      'key in the signature of "b" is no string',
      15,
      `${second}  signature:\n    cosign:\n      ignore-tlog: true\n${"\n".repeat(7)}      key: [x]\n`,
    ],
  ])("points at what is wrong: %s", async (why, line, text) => {
    const error: unknown = await parseIndex(text, "i.yaml").catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "INDEX",
      message: expect.stringContaining(why),
      place: { file: "i.yaml", line },
    });
  });

  test("takes any text or throws a FalcoError", async () => {
    const words = fc.constantFrom(
      "- name: a\n",
      "  type: plugin\n",
      "  registry: r.io\n",
      "  repository: x\n",
      "  signature: {cosign: {key: k}}\n",
      "&a [*a]\n",
      "- {}\n",
    );
    const mixed = fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(mixed, async (text) => {
        await parseIndex(text, "x").catch((error: unknown) => expect(error).toBeInstanceOf(FalcoError));
      }),
    );
  });

  test("does not grow without bound on nested aliases", async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
    await expect(parseIndex(`l0: &l0 x\n${lines.join("\n")}\n`, "x")).rejects.toBeInstanceOf(FalcoError);
  });
});
