import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseChallenges } from "./challenge.ts";

test.each([
  ['Basic realm="Registry Realm"', [{ scheme: "basic", parameters: { realm: "Registry Realm" } }]],
  [
    'Bearer realm="https://a/token",service="a b",scope="repository:x:pull,push"',
    [
      {
        scheme: "bearer",
        parameters: { realm: "https://a/token", service: "a b", scope: "repository:x:pull,push" },
      },
    ],
  ],
  [
    'Negotiate, Basic realm=x , BEARER Realm="say \\"hi\\"" , error=invalid_token',
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: { realm: "x" } },
      { scheme: "bearer", parameters: { realm: 'say "hi"', error: "invalid_token" } },
    ],
  ],
  ["", []],
])("parseChallenges reads %p", (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});

test("parseChallenges ends on any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => Array.isArray(parseChallenges(text))));
});
