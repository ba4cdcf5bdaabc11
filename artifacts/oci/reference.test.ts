import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FalcoError } from "../../core/errors.ts";
import { formatReference, isReference, parseImageName, parseReference } from "./reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference", () => {
  test.each([
    [
      "ghcr.io/falcosecurity/rules/falco-rules",
      { registry: "ghcr.io", repository: "falcosecurity/rules/falco-rules" },
    ],
    ["localhost:5000/a__b/c-d:1.0_x", { registry: "localhost:5000", repository: "a__b/c-d", tag: "1.0_x" }],
    [`[::1]:5000/a@${digest}`, { registry: "[::1]:5000", repository: "a", digest }],
    [`r.io/a:t@${digest}`, { registry: "r.io", repository: "a", tag: "t", digest }],
  ])("reads %p", (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
    expect(formatReference(parseReference(text))).toBe(text);
  });

  test.each([
    ["k8saudit", "no repository given"],
    ["https://ghcr.io/a/b", "no scheme"],
    ["ghcr.io/Falco/rules", '"Falco" cannot be part'],
    ["ghcr.io/a//b", "cannot be part"],
    ["ghcr.io/a/../b", "cannot be part"],
    ["ghcr.io/a:-x", '"-x" is not a tag'],
    ["ghcr.io/a@sha256:12", "64 lower-case hex digits"],
    ["ghcr.io/a@md5:12", "only sha256 and sha512"],
    ["exa mple/a", "not a registry's host"],
    ["host:99999/a", "not a registry's host"],
    [`ghcr.io/${"a".repeat(300)}`, "1 to 255 characters"],
  ])("refuses %p saying %p", (text, why) => {
    expect(() => parseReference(text)).toThrow(why);
  });

  const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}$/);
  test("gives back what formatReference was given, for any reference", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ghcr.io", "localhost:5000", "[::1]:80", "a-b.example.com:443"),
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: undefined }),
        fc.boolean(),
        (registry, parts, tag, byDigest) => {
          const reference = {
            registry,
            repository: parts.join("/"),
            ...(tag && { tag }),
            ...(byDigest && { digest }),
          };
          expect(parseReference(formatReference(reference))).toEqual(reference);
        },
      ),
    );
  });

  test("takes any text or throws a FalcoError, in linear time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        try {
          parseReference(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FalcoError);
        }
      }),
    );
    expect(isReference(`r.io/${"a-".repeat(100_000)}!`)).toBe(false);
  });
});

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["team/app:1", "docker.io/team/app:1"],
  ["localhost/app", "localhost/app:latest"],
  ["quay.io/team/app:2", "quay.io/team/app:2"],
  [`app@${digest}`, `docker.io/library/app@${digest}`],
])("parseImageName reads %p as %p", (text, full) => {
  expect(formatReference(parseImageName(text))).toBe(full);
});
