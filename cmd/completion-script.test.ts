import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, command } from "./command.ts";
import { completionScript } from "./completion-script.ts";

const lazily = (node: Command) => async () => node;
const root = command({
  name: "falco",
  summary: "Root",
  commands: {
    rules: lazily(
      command({
        name: "rules",
        summary: "Rules, and what's in them",
        commands: {
          list: lazily(
            command({
              name: "list",
              summary: "List: all of them",
              flags: {
                format: { type: "string", short: "f", help: "How to print", choices: ["text", "json"] },
                secret: { type: "boolean", help: "Not shown", hidden: true },
              },
              run: () => 0,
            }),
          ),
        },
      }),
    ),
    run: lazily(command({ name: "run", summary: "Run", run: () => 0 })),
  },
});

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "falco-completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFileSync(join(directory, shell), await completionScript(root, shell));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const BASH =
  'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _falco; printf "%s\\n" "${COMPREPLY[@]}"';
// zsh's completion builtins exist inside a completion only, so they are replaced by ones that print.
const ZSH =
  'compdef() { }; _describe() { print -l -- ${(P)2%%:*} }; _files() { print FILES }; compadd() { shift; print -l -- "$@" }; source "$0"; words=("$@"); CURRENT=$#; _falco';
const FISH = 'source $argv[1]; complete -C "$argv[2..]" | string replace -r "\\t.*" ""';

/** What each shell offers for the last word, sorted, narrowed to what starts like it. */
const SHELLS: Readonly<Record<string, (words: readonly string[]) => string[]>> = {
  bash: (words) => ["bash", "--norc", "-c", BASH, join(directory, "bash"), ...words],
  zsh: (words) => ["zsh", "-f", "-c", ZSH, join(directory, "zsh"), ...words],
  fish: (words) => ["fish", "--no-config", "-c", FISH, join(directory, "fish"), ...words],
};

function offered(shell: string, words: readonly string[]): string[] {
  const child = Bun.spawnSync(SHELLS[shell]!(words), { stdin: "ignore", cwd: directory });
  expect(child.stderr.toString()).toBe("");
  const lines = child.stdout.toString().split("\n").filter(Boolean);
  return lines.filter((line) => line.startsWith(words.at(-1)!)).sort();
}

describe("completionScript()", () => {
  for (const shell of Object.keys(SHELLS)) {
    const missing = Bun.which(shell) === null;
    test.skipIf(missing)(
      `${shell} completes commands, flags and choices${missing ? " [skipped: not installed]" : ""}`,
      () => {
        expect(offered(shell, ["falco", "ru"])).toEqual(["rules", "run"]);
        expect(offered(shell, ["falco", "rules", "l"])).toEqual(["list"]);
        expect(offered(shell, ["falco", "rules", "list", "--"])).toEqual(["--format", "--help"]);
        expect(offered(shell, ["falco", "rules", "list", "--format", "j"])).toEqual(["json"]);
        expect(offered(shell, ["falco", "run", "--f"])).toEqual([]);
      },
    );
  }

  test("refuses a shell it has no script for", async () => {
    expect(completionScript(root, "fihs")).rejects.toMatchObject({
      code: "USAGE",
      hint: 'did you mean "fish"?',
    });
    expect(completionScript(root, "constructor")).rejects.toMatchObject({ code: "USAGE" });
  });
});
