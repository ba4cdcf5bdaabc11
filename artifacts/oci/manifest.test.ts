import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FalcoError } from "../../core/errors.ts";
import { mediaTypes, parseManifest } from "./manifest.ts";
import { parsePlatform, selectPlatform } from "./platform.ts";

const digest = `sha256:${"a".repeat(64)}`;
const descriptor = { mediaType: "x/y", digest, size: 3 };
const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

describe("parseManifest", () => {
  test("reads a manifest, taking the media type from the response when it names none", () => {
    expect(parseManifest(bytes(manifest), `${mediaTypes.manifest}; charset=utf-8`, "x")).toEqual({
      kind: "manifest",
      mediaType: mediaTypes.manifest,
      config: descriptor,
      layers: [descriptor],
    });
  });

  test.each([
    ["not JSON", "nonsense"],
    ["not a JSON object", "[]"],
    ["schemaVersion is 1, not 2", { ...manifest, schemaVersion: 1 }],
    ["neither layers nor manifests", { schemaVersion: 2 }],
    ["layers[0] is not a descriptor", { ...manifest, layers: [null] }],
    ["config.size is not a size", { ...manifest, config: { ...descriptor, size: -1 } }],
    ["config.size is not a size", { ...manifest, config: { ...descriptor, size: 1e300 } }],
    ["config.digest", { ...manifest, config: { ...descriptor, digest: "sha256:../../x" } }],
    ["manifests[0].mediaType is missing", { schemaVersion: 2, manifests: [{ ...descriptor, mediaType: 1 }] }],
  ])("refuses what is wrong: %s", (why, value) => {
    expect(() => parseManifest(bytes(value), "", "r.io/x:1")).toThrow(
      `Cannot read the manifest of r.io/x:1: `,
    );
    expect(() => parseManifest(bytes(value), "", "r.io/x:1")).toThrow(why);
  });

  test("takes any JSON or throws a FalcoError", () => {
    const shaped = fc.record({
      schemaVersion: fc.constant(2),
      config: fc.jsonValue(),
      layers: fc.array(fc.jsonValue()),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (value) => {
        try {
          parseManifest(bytes(value), "", "x");
        } catch (error) {
          expect(error).toBeInstanceOf(FalcoError);
        }
      }),
    );
  });
});

test("selectPlatform finds the platform, prefers its variant, and lists what there is when it has none", () => {
  const entry = (architecture: string, variant?: string) => ({
    ...descriptor,
    platform: { os: "linux", architecture, ...(variant && { variant }) },
  });
  const index = {
    kind: "index" as const,
    mediaType: "",
    manifests: [entry("arm", "v6"), entry("arm", "v7"), entry("amd64")],
  };
  expect(selectPlatform(index, parsePlatform("linux/arm/v7"), "x").platform?.variant).toBe("v7");
  expect(selectPlatform(index, parsePlatform("linux/amd64"), "x").platform?.architecture).toBe("amd64");
  expect(() => selectPlatform(index, parsePlatform("linux/s390x"), "x")).toThrow("nothing for linux/s390x");
  expect(() => parsePlatform("linux")).toThrow("not of the form OS/ARCH");
});
