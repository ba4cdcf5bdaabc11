import { expect, test } from "bun:test";
import fc from "fast-check";
import { BtfBuilder } from "../../../tests/harness/btf-builder.ts";
import { Btf } from "./btf.ts";

/** struct outer { u32 first; struct inner *next; union { u64 wide; u16 parts[4]; }; u8 : 3, flags : 5; } */
function sample(): Buffer {
  const b = new BtfBuilder();
  const u8 = b.int("u8", 1);
  const u16 = b.int("u16", 2);
  const u32 = b.int("u32", 4);
  const u64 = b.typedef("u64", b.int("long", 8));
  const inner = b.struct("inner", 12, [
    ["id", u64, 0],
    ["kind", b.constant(u32), 8],
  ]);
  const either = b.struct(
    "",
    8,
    [
      ["wide", u64, 0],
      ["parts", b.array(u16, 4), 0],
    ],
    "union",
  );
  const bits = b.struct("bits", 1, [
    ["low", u8, 0, 3],
    ["high", u8, 3, 5],
  ]);
  b.struct("outer", 32, [
    ["first", u32, 0],
    ["next", b.pointer(b.constant(inner)), 8],
    ["", either, 16],
    ["bits", bits, 24],
  ]);
  b.enumeration("color", { red: 0, green: 5 });
  b.func("bpf_rdonly_cast");
  b.func("schedule");
  return b.bytes();
}

const btf = new Btf(sample());

test("Btf.path gives offset and size of a member", () => {
  expect(btf.path("outer", "first")).toMatchObject({ hops: [], offset: 0, size: 4 });
});

test("Btf.path follows pointers through modifiers and typedefs", () => {
  const path = btf.path("outer", "next.kind");
  expect(path).toMatchObject({ offset: 8, size: 4, type: btf.need("inner") });
  expect(path.hops).toEqual([{ offset: 8, type: btf.need("outer") }]);
});

test("Btf.path enters unnamed members, and indexes arrays", () => {
  expect(btf.path("outer", "wide")).toMatchObject({ offset: 16, size: 8 });
  expect(btf.path("outer", "parts[3]")).toMatchObject({ offset: 22, size: 2 });
  expect(btf.path("outer", "parts")).toMatchObject({ offset: 16, size: 8 });
});

test("Btf.path places bit fields within their byte", () => {
  expect(btf.path("outer", "bits.high")).toMatchObject({ offset: 24, size: 1, bits: { shift: 3, width: 5 } });
});

test("Btf.path takes the first path that exists, and names all when none does", () => {
  expect(btf.path("outer", "renamed", "first").offset).toBe(0);
  expect(() => btf.path("outer", "old", "older")).toThrow(/this kernel's "outer" has no "old" or "older"/);
  expect(() => btf.path("missing", "a")).toThrow(/"missing" has no "a"/);
});

test("Btf knows sizes, enumerators, and the functions that programs may call", () => {
  expect(btf.sizeOf("outer")).toBe(32);
  expect(btf.enumerator("color", "green")).toBe(5);
  expect(btf.enumerator("color", "blue")).toBeUndefined();
  expect(btf.find("bpf_rdonly_cast")).toBeGreaterThan(0);
  expect(btf.find("schedule")).toBeUndefined();
});

test("Btf.findFunction knows every function, and functions only", () => {
  const found = btf.findFunction("schedule")!;
  expect(found).toBe(btf.findFunction("bpf_rdonly_cast")! + 1);
  expect(btf.findFunction("bpf_rdonly_cast")).toBe(btf.find("bpf_rdonly_cast")!);
  expect(btf.findFunction("outer")).toBeUndefined();
  expect(btf.findFunction("sched")).toBeUndefined();
  expect(btf.findFunction("schedule_more")).toBeUndefined();
});

test("Btf refuses damaged data with an error of its own, or reads on; it never hangs", () => {
  const good = sample();
  const names = ["first", "next.kind", "wide", "parts[3]", "bits.high"];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      (changes, cut) => {
        const bytes = Buffer.from(cut % 3 === 0 ? good.subarray(0, cut) : good);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          const damaged = new Btf(bytes);
          for (const name of names) damaged.has("outer", name);
        } catch (error) {
          expect(error).toHaveProperty("code", "EBPF_UNSUPPORTED");
        }
      },
    ),
    { numRuns: 2000 },
  );
}, 30_000);
