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

test.each([
  ["man", ["falco - ", "-c, --config FILE", "falco artifact install", "SIGHUP", "EXIT STATUS"]],
  [
    "man-config",
    ["falco.yaml - ", "json_output", "append_output[].match.tags", "$${NAME} stands for itself"],
  ],
] as const)("docPage(%p) is a manual page that groff sets without a complaint", async (name, words) => {
  const page = await docPage(name, root);
  expect(page).toStartWith(".TH FALCO");
  for (const line of page.split("\n"))
    expect(line).toMatch(/^(\.(TH|SH|SS|PP|TP|B|RS|RE|nf|fi|nh|ad)\b.*|[^.'].*|)$/);
  if (Bun.which("groff") === null) return console.warn("not set: groff is not installed");
  const set = Bun.spawnSync(["groff", "-man", "-Tutf8", "-ww", "-P-c"], { stdin: Buffer.from(page) });
  expect(set.stderr.toString()).toBe("");
  const text = set.stdout.toString().replace(/.\x08/g, "");
  for (const word of words) expect(text).toContain(word);
});

test("docPage() refuses a page there is not", () => {
  expect(docPage("feilds", root)).rejects.toMatchObject({ code: "USAGE", hint: 'did you mean "fields"?' });
});
