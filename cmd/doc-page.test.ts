import { expect, test } from "bun:test";
import { docPage } from "./doc-page.ts";
import { root } from "./root.ts";

test("docPage() has every key, field, event and command under its heading", async () => {
  expect(await docPage("config", root)).toContain("| `json_output` |");
  expect(await docPage("fields", root)).toContain("`proc.name` |");
  expect(await docPage("events", root)).toContain("`openat`");
  const commands = await docPage("commands", root);
  expect(commands).toContain("## falco config check\n");
  expect(commands).not.toContain("\x1b");
});

test("docPage() refuses a page there is not", () => {
  expect(docPage("feilds", root)).rejects.toMatchObject({ code: "USAGE", hint: 'did you mean "fields"?' });
});
