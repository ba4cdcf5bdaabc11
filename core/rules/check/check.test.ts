import { describe, expect, test } from "bun:test";
import { syntheticRegistry } from "../../../tests/harness/synthetic-fields.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { Operator } from "../language/ast.ts";
import { parseCondition } from "../language/parser.ts";
import { Binder } from "./bind.ts";
import { CheckError } from "./check-error.ts";
import { parseOptstring, scanOptions } from "./getopt.ts";
import { compileGlob } from "./glob.ts";
import { compilePathPrefix } from "./path-prefix.ts";
import { compileRegex } from "./regex.ts";
import { compileTest, type Scalar } from "./test.ts";
import { parseValue } from "./value.ts";

const literal = (text: string) => ({
  kind: "value" as const,
  text,
  bytes: undefined,
  pos: { text, index: 0 },
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CheckError) return error.message;
    throw error;
  }
  return "";
}

describe("compileGlob", () => {
  test.each([
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a*c", "a/b/c", true],
    ["a?c", "a/c", true],
    ["a?c", "ac", false],
    ["*.log", ".log", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[[:digit:]]", "7", true],
    ["[]]", "]", true],
    ["[a", "[a", true],
    [String.raw`\*`, "*", true],
    [String.raw`\*`, "x", false],
    ["*a*b*c*", "xxaxxbxxcxx", true],
    ["*a*b*c*", "xxaxxcxxbxx", false],
  ] as const)("%p and %p: %p", (pattern, text, expected) =>
    expect(compileGlob(pattern)(text)).toBe(expected),
  );

  test("folds ASCII letters only when asked", () => {
    expect([compileGlob("A*z")("aXZ"), compileGlob("A*z", true)("aXZ"), compileGlob("É", true)("é")]).toEqual(
      [false, true, false],
    );
  });

  test("takes time in proportion to the text, however many stars", () => {
    expect(compileGlob(`${"a*".repeat(40)}b`)("a".repeat(20_000))).toBe(false);
  });
});

test.each([
  ["/var", "/var", true],
  ["/var", "/var/run", true],
  ["/var", "var//x", true],
  ["/var", "/variable", false],
  ["/var/run", "/var", false],
  ["/", "anything", true],
  ["/proc/*/environ", "/proc/12/environ", true],
  ["/proc/*/environ", "/proc/12/maps", false],
] as const)("compilePathPrefix(%p) covers %p: %p", (path, text, expected) => {
  expect(compilePathPrefix(["/zzz", path])(text)).toBe(expected);
});

describe("compileRegex", () => {
  test.each([
    ["a.c", "abc", true],
    ["a.c", "xabcx", false],
    ["a.c", "a\nc", false],
    ["(foo|bar)+", "foobar", true],
    ["[[:alpha:]]+[0-9]{2}", "ab12", true],
    ["^x$", "x", true],
    [String.raw`a\.b`, "axb", false],
    [".*/id_(rsa|dsa)", "/root/.ssh/id_rsa", true],
  ] as const)("%p and %p: %p", (pattern, text, expected) =>
    expect(compileRegex(pattern)(text)).toBe(expected),
  );

  test.each(["a(", "[a", "*", String.raw`\d`, String.raw`a\b`, "(?i)a", "a{1001}"])(
    "refuses %p",
    (pattern) => {
      expect(messageOf(() => compileRegex(pattern))).toStartWith("invalid regex pattern: ");
    },
  );

  test("stays linear where backtracking would explode", () => {
    expect(compileRegex("(a+)+b")("a".repeat(5000))).toBe(false);
  });
});

describe("parseValue", () => {
  test.each([
    ["INT64", "-9223372036854775808", -(2n ** 63n)],
    ["UINT8", "300", 44],
    ["UINT64", "-1", 2n ** 64n - 1n],
    ["INT32", "+7", 7],
    ["BOOL", "true", true],
    ["PORT", "", 0],
    ["PORT", "65537", 1],
    ["IPADDR", "10.0.0.1", Uint8Array.of(10, 0, 0, 1)],
    ["IPADDR", "::1", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ["IPNET", "10.0.0.0/8", { address: Uint8Array.of(10, 0, 0, 0), bits: 8 }],
    ["CHARBUF", "0x1f", "0x1f"],
  ] as const)("reads %s %p", (type: ParamType, text, expected) => {
    expect(parseValue(type, literal(text)) as unknown).toEqual(expected as unknown);
  });

  test.each([
    ["INT64", "0x1f", "0x1f is not a valid number"],
    ["INT64", "1.5", "1.5 is not a valid number"],
    ["BOOL", "yes", "filter error: unrecognized boolean value yes"],
    ["IPADDR", "10.0.0", "unrecognized IPv4 address 10.0.0"],
    ["IPADDR", "::ffff:1.2.3.4", "unrecognized IPv4 address ::ffff:1.2.3.4"],
    ["IPNET", "10.0.0.0", "unrecognized IP network 10.0.0.0"],
    ["IPNET", "10.0.0.0/33", "invalid netmask 33"],
    ["IPNET", "::/0", "invalid v6 netmask 0"],
    ["PORT", "no-such-service", "unrecognized protocol no-such-service"],
    ["CHARBUF", "a\0b", "filter error: filter value cannot contain a NUL byte (\\x00)"],
  ] as const)("refuses %s %p", (type: ParamType, text, expected) => {
    expect(messageOf(() => parseValue(type, literal(text)))).toBe(expected);
  });
});

test.each([
  ["CHARBUF", "icontains", ["BaSh"], "xbAsHx", true],
  ["CHARBUF", "<", ["5"], "10", true],
  ["CHARBUF", "!=", ["x"], "x", false],
  ["BYTEBUF", "bcontains", ["ff00"], Buffer.from([1, 255, 0]), true],
  ["BYTEBUF", "bstartswith", ["01"], Buffer.from([1, 2]), true],
  ["BYTEBUF", "endswith", ["ab"], Buffer.from("xab"), true],
  ["IPNET", "=", ["10.0.0.0/8"], Uint8Array.of(10, 9, 8, 7), true],
  ["IPNET", "=", ["::/1"], Uint8Array.of(10, 9, 8, 7), false],
  ["IPNET", "!=", ["::/1"], Uint8Array.of(10, 9, 8, 7), true],
  ["IPADDR", "in", ["1.2.3.4", "::1"], Uint8Array.of(1, 2, 3, 4), true],
  ["INT64", "=", ["9007199254740993"], 9007199254740993n, true],
  ["UINT32", "in", ["1", "1"], 1, true],
] as const)("compileTest(%s %s %p) of %p is %p", (type, operator, values, value, expected) => {
  const check = compileTest(type as ParamType, operator as Operator, undefined, values.map(literal));
  expect(check.passes(value as Scalar)).toBe(expected);
});

test.each([
  ["oneof", ["a", "ab"], false],
  ["oneof", ["a", "b"], true],
  ["anyof", ["x", "ab"], true],
  ["allof", ["a", "ab"], true],
  ["allof", ["a", "b"], false],
  ["anyof", [], false],
  ["allof", [], false],
] as const)("startswith %s %p of abc is %p", (modifier, values, expected) => {
  expect(compileTest("CHARBUF", "startswith", modifier, values.map(literal)).passes("abc")).toBe(expected);
});

test("scanOptions reads words as getopt(3) does", () => {
  const options = parseOptstring("ab:");
  expect(scanOptions(["-ab", "v", "--long", "-x", "rest", "-a"], options, undefined)).toEqual([
    "a",
    "b",
    "v",
    "?",
  ]);
  expect(scanOptions(["-bone", "-b", "two"], options, "b")).toBe("two");
  expect(scanOptions(["-b"], options, undefined)).toEqual([""]);
  expect(scanOptions(["-a", "--", "-b", "x"], options, "b")).toBeUndefined();
});

describe("Binder", () => {
  const binder = new Binder(syntheticRegistry, "syscall");
  const bind = (condition: string) => binder.bind(parseCondition(condition));

  test.each([
    ["a.nope = x", "filter_check called with nonexistent field a.nope"],
    ["a.text[1] = x", "filter_check called with nonexistent field a.text[1]"],
    ["a.bytes regex x", "filter error: 'regex' operator not supported for buffer filters"],
    ["a.num contains x", "filter error: 'contains' operator not supported for numeric filters"],
    ["a.list = x", "filter error: '=' operator not supported list filters"],
    ["a.ip < 3", "filter error: '<' operator not supported for ip address and network filters"],
    [
      "tolower(a.num) = x",
      "can't add field transformer: type 'INT64' is not supported by 'tolower' transformer applied on field 'a.num'",
    ],
    ["tolower(a.any) = x", "field 'a.any' does not support transformers"],
    [
      "a.text = val(a.num)",
      "field 'a.text' has type 'CHARBUF' while the right-hand side field 'a.num' has incompatible type 'INT64'",
    ],
    ["a.text pmatch val(b.text)", "operator 'PMATCH' doesn't support right-hand side fields"],
    ["a.net = val(a.net)", "field type 'IPNET' doesn't support right-hand side fields"],
    ["a.text = val(a.any)", "field 'a.any' can't be used as a right-hand side field"],
    ["evt.type = opne", "unknown event type opne"],
    ["join(a.text, b.text) = x", "join() second argument must be a list"],
    ['concat(a.text) = "x"', "unknown field transfomer 'concat'"],
    ["a.bytes bcontains xyz", "filter error: bcontains and bstartswith operator support hex strings only"],
  ])("refuses %s", (condition, message) => expect(messageOf(() => bind(condition))).toBe(message));

  test.each([
    ["a.text = b.text", "'b.text' may be a valid field misused as a const string value"],
    [
      'a.text = "tolower(b.text)"',
      "'tolower(b.text)' may be a valid field transformer misused as a const string value",
    ],
    [
      "a.text regex '^abc.*'",
      "regex check with '^abc.*' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'",
    ],
  ])("warns about %s", (condition, message) =>
    expect(bind(condition).warnings.map((w) => w.message)).toEqual([message]),
  );

  test("knows what was meant by a misspelt field", () => {
    try {
      bind("a.txt = x");
    } catch (error) {
      expect((error as CheckError).suggestion?.()).toBe("a.text");
    }
    expect.assertions(1);
  });
});
