import { expect, test } from "bun:test";
import { sourceFiles } from "./source-files.ts";

const product = sourceFiles().filter((file) => !file.test);

interface Message {
  readonly at: string;
  readonly code: string;
  readonly text: string;
}

/** The code and the message of every FalcoError that is made with a literal one. */
function messages(): Message[] {
  return product.flatMap((file) =>
    [...file.text.matchAll(/new FalcoError\(\s*"([^"]*)",\s*(["`])((?:\\.|(?!\2)[\s\S])*)\2/g)].map(
      (match) => ({
        at: `${file.path}:${file.text.slice(0, match.index).split("\n").length}`,
        code: match[1]!,
        text: match[3]!,
      }),
    ),
  );
}

const all = messages();
const faults = (wrong: (message: Message) => boolean): string[] =>
  all.filter(wrong).map(({ at, code, text }) => `${at}: [${code}] ${text}`);

test("there are messages to look at", () => {
  expect(all.length).toBeGreaterThan(20);
});

test("error codes are upper-case words, fit for a metric label", () => {
  expect(faults(({ code }) => !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(code))).toEqual([]);
});

/** Their messages are the reasons that a caller's sentence ends with. */
const REASONS: readonly string[] = ["artifacts/signature/", "core/run.ts"];

test("messages are sentences without their full stop, without contractions or blame", () => {
  expect(
    faults(({ at, text }) => /^[a-z]/.test(text) && !REASONS.some((part) => at.startsWith(part))),
  ).toEqual([]);
  expect(faults(({ text }) => /[^.]\.$/.test(text) && !/Config error|Error reading/.test(text))).toEqual([]);
  expect(faults(({ text }) => /\b(can't|don't|doesn't|isn't|won't|couldn't)\b/.test(text))).toEqual([]);
  expect(faults(({ text }) => /\b(please|oops|sorry|fatal error|illegal)\b/i.test(text))).toEqual([]);
});

test("nothing that was thrown is dropped without a word", () => {
  const silent = product.flatMap((file) =>
    [...file.text.matchAll(/catch\s*(\([^)]*\))?\s*\{\s*\}/g)].map(
      (match) => `${file.path}:${file.text.slice(0, match.index).split("\n").length}`,
    ),
  );
  expect(silent).toEqual([]);
});
