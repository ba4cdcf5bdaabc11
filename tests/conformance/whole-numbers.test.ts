import { expect, test } from "bun:test";
import { join } from "node:path";
import { FIELD_CLASSES } from "../../core/fields/all.ts";
import { CONFORMANCE, CONFORMANCE_MISSING } from "./location.ts";
import { replay } from "./replay.ts";

const fields = FIELD_CLASSES.flatMap(({ sources, fields }) =>
  sources.length === 0 || sources.includes("syscall") ? fields : [],
).filter(({ arg, filterOnly }) => arg !== "required" && !filterOnly);

test.skipIf(CONFORMANCE_MISSING !== undefined)(
  "readers return whole numbers as numbers where they fit, so that conditions can compare them",
  async () => {
    const wrong = new Set<string>();
    await replay(join(CONFORMANCE, "captures/connect_localhost.scap"), (context) => {
      for (const field of fields) {
        const value = field.read(context, undefined);
        for (const one of Array.isArray(value) ? value : [value])
          if (typeof one === "bigint" && Number.isSafeInteger(Number(one))) wrong.add(field.name);
      }
    });
    expect([...wrong]).toEqual([]);
  },
);
