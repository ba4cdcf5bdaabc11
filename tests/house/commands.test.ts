import { describe, expect, test } from "bun:test";
import { dispatch } from "../../cmd/dispatch.ts";
import { parse } from "../../cmd/parse.ts";
import { root } from "../../cmd/root.ts";
import { walkCommands } from "../../cmd/walk-commands.ts";
import { sourceFiles } from "./source-files.ts";

const nodes = await walkCommands(root);

describe.each(nodes.map((node) => [node.path, node.command] as const))("%s", (path, command) => {
  test("its name is its place in the tree, and it says what it does", () => {
    expect(path.split(" ").at(-1)).toBe(command.name);
    expect(command.summary).toMatch(/^[A-Z].{5,90}[^.]$/);
  });

  test("it is a group or it runs, and shows how in an example that parses", async () => {
    expect(Boolean(command.commands) !== Boolean(command.run)).toBe(true);
    expect(command.examples?.length ?? 0).toBeGreaterThan(0);
    if (!command.run) {
      const named = (command.examples ?? []).map((line) => words(line)[path.split(" ").length]);
      const below = [...Object.keys(command.commands ?? {}), ...Object.keys(command.aliases ?? {})];
      expect(named.filter((word) => word && !word.startsWith("-") && !below.includes(word))).toEqual([]);
      return;
    }
    const own = (command.examples ?? []).filter((line) => line.split(/ (?=[|<>&])/)[0]!.startsWith(path));
    for (const line of own)
      expect(() => parse(command, words(line).slice(path.split(" ").length), path)).not.toThrow();
  });

  test("every flag has help, and no two share a letter", () => {
    const flags = Object.entries(command.flags ?? {});
    for (const [name, flag] of flags) {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(flag.help).toMatch(/^\S.{2,}[^.]$/s);
    }
    const letters = flags.flatMap(([, flag]) => flag.short ?? []);
    expect(letters).toEqual([...new Set(letters)]);
    expect(letters).not.toContain("h");
  });

  test("an unknown flag is refused", async () => {
    const argv = [...path.split(" ").slice(1), "--no-such-flag"];
    expect(dispatch(root, argv)).rejects.toMatchObject({ code: "USAGE" });
  });
});

test("a command file declares, and does nothing at length", () => {
  const long = sourceFiles().filter(
    (file) =>
      !file.test && file.path.startsWith("cmd/") && /= command\(/.test(file.text) && file.lines.length > 80,
  );
  expect(long.map((file) => `${file.path}: ${file.lines.length}`)).toEqual([]);
});

/** The words of a line as a shell would split it: quotes group, a pipe or redirection ends it. */
function words(line: string): string[] {
  const found = line.split(/ (?=[|<>&])/)[0]!.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g);
  return [...found].map((match) => match[1] ?? match[2] ?? match[3]!);
}
