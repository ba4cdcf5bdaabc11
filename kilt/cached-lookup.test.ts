import { describe, expect, test } from "bun:test";
import { cachedLookup } from "./cached-lookup.ts";
import type { ImageConfig } from "./target.ts";

const config: ImageConfig = { entrypoint: ["/e"], cmd: [] };

describe("cachedLookup()", () => {
  test("asks once for many, also while the answer is under way", async () => {
    let asked = 0;
    const lookup = cachedLookup(async () => {
      asked++;
      await Bun.sleep(5);
      return config;
    }, 1000);
    expect(await Promise.all([lookup("a"), lookup("a"), lookup("a")])).toEqual([config, config, config]);
    await lookup("a");
    await lookup("b");
    expect(asked).toBe(2);
  });

  test("a failure holds for a while too, and reaches everybody who asks", async () => {
    let asked = 0;
    const lookup = cachedLookup(async () => {
      asked++;
      throw new Error("no registry");
    }, 1000);
    await expect(lookup("a")).rejects.toThrow("no registry");
    await expect(lookup("a")).rejects.toThrow("no registry");
    expect(asked).toBe(1);
  });

  test("who waits too long gets an error, who asks later the answer", async () => {
    const answer = Promise.withResolvers<ImageConfig>();
    const lookup = cachedLookup(() => answer.promise, 10);
    await expect(lookup("slow")).rejects.toThrow("took longer than 10 ms");
    answer.resolve(config);
    expect(await lookup("slow")).toEqual(config);
  });

  test("keeps a thousand images at most", async () => {
    let asked = 0;
    const lookup = cachedLookup(async () => {
      asked++;
      return config;
    }, 1000);
    for (let i = 0; i <= 1000; i++) await lookup(`image${i}`);
    await lookup("image0");
    await lookup("image1000");
    expect(asked).toBe(1002);
  });
});
