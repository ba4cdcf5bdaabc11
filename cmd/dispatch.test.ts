import { describe, expect, spyOn, test } from "bun:test";
import { type Command, command } from "./command.ts";
import { dispatch } from "./dispatch.ts";

function tree() {
  const calls: string[] = [];
  const loaded: string[] = [];
  const leaf = (name: string, code?: number): Command =>
    command({
      name,
      summary: `Do ${name}`,
      flags: { rules: { type: "string", short: "r", help: "rules", repeat: true } },
      positionals: [{ name: "WORD", help: "a word", optional: true }],
      run: ({ flags, positionals }) => {
        calls.push([name, ...flags.rules, ...positionals].join(" "));
        return code;
      },
    });
  const lazily = (node: Command) => async () => {
    loaded.push(node.name);
    return node;
  };
  const group = command({
    name: "rules",
    summary: "Rules",
    commands: { list: lazily(leaf("list", 3)), show: lazily(leaf("show")) },
  });
  const hook = command({
    name: "hook",
    summary: "Hook",
    fallback: "serve",
    commands: { serve: lazily(leaf("serve", 4)), print: lazily(leaf("print")) },
  });
  const root = command({
    name: "falco",
    summary: "Root",
    fallback: "run",
    aliases: { ruleset: "rules" },
    commands: { run: lazily(leaf("run")), rules: lazily(group), hook: lazily(hook) },
  });
  return { root, calls, loaded };
}

async function printed(root: Command, argv: string[]): Promise<string> {
  const write = spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    expect(await dispatch(root, argv)).toBe(0);
    return write.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    write.mockRestore();
  }
}

describe("dispatch()", () => {
  test("runs the leaf and nothing above it, and returns its exit code", async () => {
    const { root, calls, loaded } = tree();
    expect(await dispatch(root, ["rules", "list", "x"])).toBe(3);
    expect(calls).toEqual(["list x"]);
    expect(loaded).toEqual(["rules", "list"]);
  });

  test("runs the fallback of a group below the root, or the subcommand that is named", async () => {
    const { root, calls } = tree();
    expect(await dispatch(root, ["hook", "-r", "x"])).toBe(4);
    expect(await dispatch(root, ["hook"])).toBe(4);
    await dispatch(root, ["hook", "print", "word"]);
    expect(calls).toEqual(["serve x", "serve", "print word"]);
    expect(await printed(root, ["hook", "--help"])).toContain("falco hook COMMAND");
  });

  test("runs the fallback when the first word is a flag or there is none", async () => {
    const { root, calls } = tree();
    await dispatch(root, ["-r", "rules", "-r", "run"]);
    await dispatch(root, []);
    expect(calls).toEqual(["run rules run", "run"]);
  });

  test.each([
    [["-rmy_rules"], "run my_rules"],
    [["run", "-r_", "-r__proto__"], "run _ __proto__"],
    [["hook", "-ra_b"], "serve a_b"],
    [["run", "--rules=a_b", "--", "-x_y"], "run a_b -x_y"],
  ])("leaves words with an underscore whole: %p", async (argv, call) => {
    const { root, calls } = tree();
    await dispatch(root, argv);
    expect(calls).toEqual([call]);
  });

  test("knows a subcommand by its other names", async () => {
    const { root, calls } = tree();
    expect(await dispatch(root, ["ruleset", "list"])).toBe(3);
    expect(calls).toEqual(["list"]);
    expect(await printed(root, ["--help"])).toContain("rules, ruleset");
  });

  test("prints help of the root, a group, a leaf, and for `help WORDS`, without running anything", async () => {
    const { root, calls } = tree();
    expect(await printed(root, ["--help"])).toContain("falco COMMAND [OPTION...]");
    expect(await printed(root, ["-r", "x", "-h"])).toContain("falco [OPTION...]");
    expect(await printed(root, ["rules"])).toContain("Do list");
    expect(await printed(root, ["rules", "--help"])).toContain("falco rules COMMAND");
    const leaf = await printed(root, ["rules", "show", "--help"]);
    expect(leaf).toContain("falco rules show [OPTION...] [WORD]");
    expect(leaf).toContain("-r, --rules VALUE");
    expect(await printed(root, ["help", "rules", "show"])).toBe(leaf);
    expect(calls).toEqual([]);
  });

  test("--help behind -- is the command's own word", async () => {
    const { root, calls } = tree();
    await dispatch(root, ["run", "--", "--help"]);
    expect(calls).toEqual(["run --help"]);
  });

  test.each([
    [["rulse"], 'Unknown command "rulse" of "falco"', 'did you mean "falco rules"?'],
    [["rules", "lst"], 'Unknown command "lst" of "falco rules"', 'did you mean "falco rules list"?'],
    [["rules", "constructor"], 'Unknown command "constructor" of "falco rules"', 'see "falco rules --help"'],
    [
      ["rules", "-r", "list"],
      'Unknown flag "-r" of "falco rules"',
      'flags stand behind the command: see "falco rules --help"',
    ],
    [
      ["rules", "--help", "list"],
      'Unknown flag "--help" of "falco rules"',
      'flags stand behind the command: see "falco rules --help"',
    ],
  ])("refuses %p before anything runs", async (argv, message, hint) => {
    const { root, calls } = tree();
    expect(dispatch(root, argv)).rejects.toMatchObject({ code: "USAGE", message, hint });
    expect(calls).toEqual([]);
  });
});
