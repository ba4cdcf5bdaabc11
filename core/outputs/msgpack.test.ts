import { expect, test } from "bun:test";
import fc from "fast-check";
import { EventTime, type Packable, pack, unpack } from "./msgpack.ts";

test("pack writes the bytes of the specification's examples", () => {
  const hex = (value: Packable): string => pack(value).toString("hex");
  expect(hex({ compact: true, schema: 0 })).toBe("82a7636f6d70616374c3a6736368656d6100");
  expect(hex(-1)).toBe("ff");
  expect(hex(-33)).toBe("d3ffffffffffffffdf");
  expect(hex(128)).toBe("cf0000000000000080");
  expect(hex(18446744073709551615n)).toBe("cfffffffffffffffff");
  expect(hex(1.5)).toBe("cb3ff8000000000000");
  expect(hex("x".repeat(32)).slice(0, 6)).toBe("d92078");
  expect(hex([null, false])).toBe("92c0c2");
  expect(hex(new EventTime(1795217331890980689n))).toBe("d7006b00d7b3351b4951");
});

test("unpack gives back what pack was given", () => {
  const value = fc.letrec<{ value: Packable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
      fc.string({ maxLength: 300, unit: "grapheme" }),
      fc.array(tie("value") as fc.Arbitrary<Packable>, { maxLength: 20 }),
      fc.dictionary(fc.string(), tie("value") as fc.Arbitrary<Packable>, { maxKeys: 20 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (given) => {
      const bytes = pack(given);
      const result = unpack(bytes);
      expect(result?.length).toBe(bytes.length);
      expect(JSON.stringify(result?.value)).toBe(JSON.stringify(given));
      if (bytes.length > 1) expect(unpack(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test("unpack reads an EventTime to the nanosecond", () => {
  const time = new EventTime(1795217331890980689n);
  expect(unpack(pack(time))).toEqual({ value: time, length: 10 });
  expect([time.seconds, time.nanoseconds]).toEqual([1795217331, 890980689]);
});

test("unpack neither hangs nor crashes on foreign bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const result = unpack(Buffer.from(bytes));
        if (result) expect(result.length).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(String(error)).toMatch(/MessagePack/);
      }
    }),
    { numRuns: 500 },
  );
});
