import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Dependency } from "../package/artifact-config.ts";
import { parseDependency } from "../package/artifact-config.ts";
import { parseVersion } from "../package/version.ts";
import { type Candidate, resolveDependencies } from "./resolve-dependencies.ts";

const make = (name: string, version: string, ...needs: string[]): Candidate => ({
  name,
  version: parseVersion(version, name),
  dependencies: needs.map(parseDependency),
});

/** Solves with a registry that holds the given artifacts under their own versions. */
const solve = async (wanted: Candidate[], published: Candidate[], warnings: string[] = []) => {
  const solved = await resolveDependencies(
    wanted,
    async ({ name, version }) => {
      const want = parseVersion(version, name);
      const found = published.find((item) => item.name === name && item.version.compare(want) === 0);
      if (!found) throw new Error(`not published: ${name} ${version}`);
      return found;
    },
    (warning) => void warnings.push(warning),
  );
  return Object.fromEntries(
    solved.map(({ candidate, neededBy }) => [candidate.name, [`${candidate.version}`, ...neededBy]]),
  );
};

describe("resolveDependencies", () => {
  test("adds dependencies of dependencies, tolerant of short versions", async () => {
    const published = [make("plugin", "0.7.0", "json:v0.2"), make("json", "0.2.0")];
    expect(await solve([make("rules", "1.0.0", "plugin:0.7")], published)).toEqual({
      rules: ["1.0.0"],
      plugin: ["0.7.0", "rules"],
      json: ["0.2.0", "plugin"],
    });
  });

  test("keeps what is chosen and new enough, raises what is too old", async () => {
    const published = [make("p", "0.5.0"), make("p", "0.6.0", "q:1.0.0"), make("q", "1.0.0")];
    expect(
      await solve([make("a", "1.0.0", "p:0.5.0"), make("p", "0.6.0", "q:1.0.0")], published),
    ).toMatchObject({ p: ["0.6.0", "a"] });
    const raised = await solve([make("a", "1.0.0", "p:0.5.0"), make("b", "1.0.0", "p:0.6.0")], published);
    expect(raised).toEqual({ a: ["1.0.0"], b: ["1.0.0"], p: ["0.6.0", "a", "b"], q: ["1.0.0", "p"] });
  });

  test("an alternative that is chosen already serves, raised when too old; else the named dependency is added", async () => {
    const rules = make("rules", "1.0.0", "k8saudit:0.7.0|k8saudit-eks:0.4.0");
    const published = [make("k8saudit", "0.7.0"), make("k8saudit-eks", "0.4.0")];
    expect(Object.keys(await solve([rules], published))).toEqual(["rules", "k8saudit"]);
    expect(await solve([rules, make("k8saudit-eks", "0.5.0")], published)).toEqual({
      rules: ["1.0.0"],
      "k8saudit-eks": ["0.5.0", "rules"],
    });
    expect(await solve([rules, make("k8saudit-eks", "0.3.0")], published)).toMatchObject({
      "k8saudit-eks": ["0.4.0", "rules"],
    });
  });

  test("explains a conflict by naming both sides", async () => {
    const wanted = [make("a", "1.0.0", "p:0.5.0"), make("b", "2.0.0", "p:1.0.0")];
    await expect(solve(wanted, [make("p", "0.5.0"), make("p", "1.0.0")])).rejects.toMatchObject({
      code: "DEPENDENCIES",
      message: "Cannot satisfy dependencies: b 2.0.0 needs p 1.0.0, but a needs p 0.5.0",
    });
    const direct = [make("p", "0.5.0"), make("b", "2.0.0", "x:1.0.0|p:1.0.0")];
    await expect(solve(direct, [])).rejects.toThrow("b 2.0.0 needs p 1.0.0, but you asked for p 0.5.0");
  });

  test("of an artifact given twice the higher version stays, and it says so", async () => {
    const warnings: string[] = [];
    expect(await solve([make("a", "1.0.0"), make("a", "1.1.0"), make("a", "0.9.0")], [], warnings)).toEqual({
      a: ["1.1.0"],
    });
    expect(warnings).toEqual([
      '"a" is given twice: keeping 1.1.0, leaving out 1.0.0',
      '"a" is given twice: keeping 1.1.0, leaving out 0.9.0',
    ]);
  });

  test("ends on circles, on versions that lie, and on chains without end", async () => {
    const circle = [make("a", "1.0.0", "b:1.0.0"), make("b", "1.0.0", "a:1.0.0")];
    expect(Object.keys(await solve([circle[0]!], circle))).toEqual(["a", "b"]);
    const liar = resolveDependencies([make("a", "1.0.0", "b:1.5.0")], async () => make("b", "1.0.0"));
    await expect(liar).rejects.toThrow("calls itself 1.0.0");
    let n = 0;
    const endless = resolveDependencies([make("a", "1.0.0", "n0:1.0.0")], async ({ name }) =>
      make(name, "1.0.0", `n${++n}:1.0.0`),
    );
    await expect(endless).rejects.toThrow("more than 500 artifacts");
  });

  test("whatever it solves satisfies every dependency", async () => {
    const names = ["a", "b", "c", "d"];
    const version = fc
      .tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 3 }))
      .map(([x, y]) => `${x}.${y}.0`);
    const need = fc.tuple(fc.constantFrom(...names), version).map((pair) => pair.join(":"));
    const needs = fc.array(
      fc.array(need, { minLength: 1, maxLength: 2 }).map((parts) => parts.join("|")),
      { maxLength: 2 },
    );
    const artifact = fc
      .tuple(fc.constantFrom(...names), version, needs)
      .map(([name, v, n]) => make(name, v, ...n));
    const satisfied = (found: Record<string, string[]>, { alternatives = [], ...own }: Dependency): boolean =>
      [own, ...alternatives].some(({ name, version: minimum }) => {
        const have = found[name] && parseVersion(found[name][0]!, name);
        const want = parseVersion(minimum, name);
        return have && have.major === want.major && have.compare(want) >= 0;
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(artifact, { minLength: 1, maxLength: 4 }),
        fc.array(artifact, { maxLength: 8 }),
        async (wanted, published) => {
          const found = await solve(wanted, published).catch(() => undefined);
          if (!found) return;
          for (const [name, [v]] of Object.entries(found)) {
            const chosen = [...wanted, ...published].filter(
              (item) => item.name === name && `${item.version}` === v,
            );
            // Two artifacts of one name and version can't be told apart here: one of them must be satisfied.
            expect(
              chosen.some(({ dependencies }) =>
                dependencies.every((dependency) => satisfied(found, dependency)),
              ),
            ).toBe(true);
          }
        },
      ),
    );
  });
});
