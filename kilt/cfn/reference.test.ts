import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDefinition } from "../definition.ts";
import { patchTemplate } from "./patch-template.ts";

/** Pairs NAME.json and NAME.patched.json kept outside of the repository; `panic_…` are to be refused. */
const folder = join(
  process.env.FALCO_REFERENCE ?? join(import.meta.dir, "../../../shared/reference"),
  "kilt-fixtures",
);

describe.skipIf(!existsSync(folder))("the reference's templates", () => {
  const pairs = existsSync(folder)
    ? ["patching", "respect_ignores"].flatMap((kind) =>
        readdirSync(join(folder, kind))
          .filter((name) => name.endsWith(".json") && !name.endsWith(".patched.json"))
          .map((name) => join(kind, name)),
      )
    : [];
  for (const name of pairs) {
    test(`${name} gives its patched form, and the patched form gives itself`, async () => {
      const isParameterized = name.includes("parameterize_env");
      const definitionFile = isParameterized ? "parameterize.kilt.cfg" : "default.kilt.cfg";
      const definition = parseDefinition({
        name: definitionFile,
        text: readFileSync(join(folder, definitionFile), "utf8"),
      });
      const options = { definition, optIn: name.includes("opt_in"), parameterizeEnv: isParameterized };
      const text = readFileSync(join(folder, name), "utf8");
      if (name.includes("panic")) {
        await expect(patchTemplate(name, text, options)).rejects.toThrow("plain text");
        return;
      }
      const { text: once } = await patchTemplate(name, text, options);
      const wanted = readFileSync(join(folder, name.replace(".json", ".patched.json")), "utf8");
      expect(JSON.parse(once)).toEqual(JSON.parse(wanted));
      expect((await patchTemplate(name, once, options)).text).toBe(once);
    });
  }
});

if (!existsSync(folder))
  console.log(`skipped: the reference's templates: ${folder} does not exist (set FALCO_REFERENCE)`);
