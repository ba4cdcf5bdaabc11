import { expect, test } from "bun:test";
import fc from "fast-check";
import { Thread } from "./thread.ts";
import { Threads } from "./threads.ts";

/** Ids that share pages, others far away, and such as no kernel gives. */
const tid = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.constantFrom(4_194_303, 4_194_304, 100_000, -1, 2 ** 40, Number.NaN),
);

test("Threads hold what a Map does, whatever comes and goes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("set", "delete", "clear"), tid), { maxLength: 200 }),
      (steps) => {
        const threads = new Threads();
        const map = new Map<number, Thread>();
        for (const [step, id] of steps) {
          if (step === "set") {
            const thread = new Thread(id);
            threads.set(id, thread);
            map.set(id, thread);
          } else if (step === "delete") {
            threads.delete(id);
            map.delete(id);
          } else if (id === 0) {
            threads.clear();
            map.clear();
          }
          expect(threads.get(id)).toBe(map.get(id)!);
          expect(threads.has(id)).toBe(map.has(id));
          expect(threads.size).toBe(map.size);
        }
        const all = [...threads.values()];
        expect(new Set(all)).toEqual(new Set(map.values()));
        expect(all.length).toBe(map.size);
      },
    ),
    { numRuns: 300 },
  );
});
