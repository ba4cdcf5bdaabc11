import { MAX_PATH_TEXT, type PathAtom } from "../capture/ebpf/path-condition.ts";
import { shownPath } from "../fields/fs-path.ts";
import type { TestNode } from "../rules/check/bind.ts";
import { EVENT } from "../schema/event-codes.ts";
import type { ParamType } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";

type Shown = Pick<PathAtom, "parameter" | "form" | "otherwise">;

/** Opens show the path that could not be opened as the descriptor's name: the parameter, and how. */
const NAMES_OF_FAILED: Readonly<Partial<Record<number, Shown>>> = {
  [EVENT.SYSCALL_OPEN_X]: { parameter: "name", form: "absolute" },
  [EVENT.SYSCALL_CREAT_X]: { parameter: "name", form: "absolute" },
  [EVENT.SYSCALL_OPENAT_2_X]: { parameter: "name", form: "normalised" },
  [EVENT.SYSCALL_OPENAT2_X]: { parameter: "name", form: "normalised" },
};

const FORMS: Readonly<Partial<Record<ParamType, PathAtom["form"]>>> = {
  CHARBUF: "raw",
  FSPATH: "absolute",
  FSRELPATH: "absolute",
};

/** What a field shows of a call: one of its texts, and in which form. */
function shownBy({ operand }: TestNode, negated: boolean, code: number, failed: boolean): Shown | undefined {
  const { field, arg } = operand;
  const { params } = EVENTS[code]!;
  const name = field?.name ?? "";
  if (name === "evt.arg" || name === "evt.rawarg") {
    const param = params[arg?.index ?? params.findIndex((one) => one.name === arg?.text)];
    const form = param && FORMS[param.type];
    return form && { parameter: param.name, form: name === "evt.rawarg" ? "raw" : form };
  }
  if (arg !== undefined) return undefined;
  if (name === "fd.name" && failed) return NAMES_OF_FAILED[code];
  // A test of what isn't there fails, whatever it asks.
  const shown = shownPath(code, name);
  return shown && { parameter: shown.param, form: shown.raw ? "raw" : "normalised", otherwise: negated };
}

/** Texts that read as their bytes, and are not what is shown in place of missing ones. */
const isPlainText = (text: string): boolean =>
  /^[\x20-\x7e]+$/.test(text) && !["<NA>", "(NULL)"].some((odd) => odd.startsWith(text));

const MAX_PATHS = 64;

/**
 * What has to hold of a text for a test on it to pass, or to fail; undefined where that can't be told. `failed`: it is about failed
 * calls only.
 */
export function wantedPaths(
  node: TestNode,
  negated: boolean,
  code: number,
  failed: boolean,
): PathAtom | undefined {
  const shown = shownBy(node, negated, code, failed);
  const texts = node.test.constants.filter((c) => typeof c === "string");
  if (!shown || node.quantifier !== "one" || texts.length !== node.test.constants.length) return undefined;
  if (texts.length === 0 || texts.length > MAX_PATHS || !texts.every(isPlainText)) return undefined;
  const { operator, modifier } = node.test;
  if (operator === "in" || operator === "intersects") return exactly(shown, texts, negated);
  if (operator === "pmatch") return below(shown, texts, negated);
  if (modifier !== undefined) return undefined;
  if (operator === "=" || operator === "==") return exactly(shown, texts, negated);
  if (operator === "!=") return exactly(shown, texts, !negated);
  return operator === "startswith" ? starting(shown, texts, negated) : undefined;
}

function exactly(shown: Shown, names: readonly string[], negated: boolean): PathAtom | undefined {
  if (names.some((name) => name.length >= MAX_PATH_TEXT)) return starting(shown, names, negated);
  return { kind: "path", ...shown, names, prefixes: [], negated };
}

/** Where only what has to start like that matters, a shorter start will do. */
function starting(shown: Shown, prefixes: readonly string[], negated: boolean): PathAtom | undefined {
  if (negated && prefixes.some((prefix) => prefix.length >= MAX_PATH_TEXT)) return undefined;
  const short = prefixes.map((prefix) => prefix.slice(0, MAX_PATH_TEXT - 1));
  return { kind: "path", ...shown, names: [], prefixes: short, negated };
}

/** `pmatch`, as far as the components before the first pattern say it. */
function below(shown: Shown, paths: readonly string[], negated: boolean): PathAtom | undefined {
  // It is not the text that is compared but its components.
  if (negated || shown.form !== "normalised") return undefined;
  const prefixes = paths.map((path) => {
    const parts = path.split("/").filter((part) => part !== "");
    const pattern = parts.findIndex((part) => /[?*[]/.test(part));
    return `/${parts.slice(0, pattern < 0 ? undefined : pattern).join("/")}`;
  });
  return prefixes.includes("/") ? undefined : starting(shown, prefixes, false);
}
