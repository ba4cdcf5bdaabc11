import type { FieldRead } from "../../fields/field.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { Modifier, Operator, ValueNode } from "../language/ast.ts";
import { CheckError } from "./check-error.ts";
import { compileGlob } from "./glob.ts";
import { compilePathPrefix } from "./path-prefix.ts";
import { compileRegex } from "./regex.ts";
import { type Constant, isText, type Network, parseValue } from "./value.ts";

export type Scalar = Exclude<FieldRead, undefined>;

/** A comparison with constants: a function of one present value, and how to write it as JavaScript. */
export interface Test {
  /** The same text means the same test. */
  readonly key: () => string;
  /** Whether a value of the declared type passes. Never throws. */
  readonly passes: (value: Scalar) => boolean;
  /** The test as an expression over a variable that may be undefined. Absent: call `passes`. */
  readonly inline?: (variable: string) => string;
  /** Rough cost in nanoseconds, for ordering. */
  readonly cost: number;
  /** How likely values pass, by experience with rules; for ordering. */
  readonly chance: number;
  /** The values that pass, when the test is equality with some. */
  readonly equals?: readonly (string | number)[];
  /** As written: what is compared, and with what; a modifier says how several constants count. */
  readonly operator: Operator;
  readonly modifier: Modifier | undefined;
  readonly constants: readonly Constant[];
}

/** One literal's test; lists and modifiers combine them. */
type Element = Omit<Test, "key" | "chance" | "operator" | "modifier" | "constants">;

const quote = (text: string): string => JSON.stringify(text);
const isString = (v: string): string => `typeof ${v} === "string"`;

/** Case-folds ASCII letters only, as the C locale does. */
function foldedSubstring(text: string): RegExp {
  const source = text.replace(/[\\^$.*+?()[\]{}|/]|[A-Za-z]/g, (c) =>
    /[A-Za-z]/.test(c) ? `[${c.toLowerCase()}${c.toUpperCase()}]` : `\\${c}`,
  );
  return new RegExp(source);
}

const onString = (test: (text: string) => boolean) => (value: Scalar) =>
  typeof value === "string" && test(value);

function textElement(operator: Operator, wanted: string): Element {
  const q = quote(wanted);
  switch (operator) {
    case "=":
    case "==":
      return { passes: (v) => v === wanted, inline: (v) => `${v} === ${q}`, cost: 2, equals: [wanted] };
    case "!=":
      return {
        passes: onString((v) => v !== wanted),
        inline: (v) => `${v} !== undefined && ${v} !== ${q}`,
        cost: 2,
      };
    case "contains":
      return {
        passes: onString((v) => v.includes(wanted)),
        inline: (v) => `${isString(v)} && ${v}.includes(${q})`,
        cost: 14,
      };
    case "startswith":
      return {
        passes: onString((v) => v.startsWith(wanted)),
        inline: (v) => `${isString(v)} && ${v}.startsWith(${q})`,
        cost: 5,
      };
    case "endswith":
      return {
        passes: onString((v) => v.endsWith(wanted)),
        inline: (v) => `${isString(v)} && ${v}.endsWith(${q})`,
        cost: 5,
      };
    case "icontains": {
      const pattern = foldedSubstring(wanted);
      return { passes: onString((v) => pattern.test(v)), cost: 30 };
    }
    case "glob":
      return { passes: onString(compileGlob(wanted)), cost: 40 };
    case "iglob":
      return { passes: onString(compileGlob(wanted, true)), cost: 45 };
    case "regex":
      return { passes: onString(compileRegex(wanted)), cost: 60 };
    default:
      return { passes: onString((v) => ordered(operator, compareText(v, wanted))), cost: 6 };
  }
}

/** Byte order of the UTF-8 forms: code point order, not UTF-16 order. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (/^[\0-\ud7ff]*$/.test(a) && /^[\0-\ud7ff]*$/.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function ordered(operator: Operator, sign: number): boolean {
  if (operator === "<") return sign < 0;
  if (operator === "<=") return sign <= 0;
  if (operator === ">") return sign > 0;
  return operator === ">=" && sign >= 0;
}

function numberElement(operator: Operator, wanted: number | bigint): Element {
  const literal = typeof wanted === "bigint" ? `${wanted}n` : String(wanted);
  const equal = operator === "=" || operator === "==";
  if (equal || operator === "!=") {
    return {
      passes: (v) => (v === wanted) === equal,
      inline: (v) => (equal ? `${v} === ${literal}` : `${v} !== undefined && ${v} !== ${literal}`),
      cost: 1,
      ...(equal && typeof wanted === "number" ? { equals: [wanted] } : {}),
    };
  }
  return {
    passes: (v) => {
      if (typeof v !== "number" && typeof v !== "bigint") return false;
      return ordered(operator, v < wanted ? -1 : v > wanted ? 1 : 0);
    },
    inline: (v) => `${v} ${operator} ${literal}`,
    cost: 1,
  };
}

function boolElement(operator: Operator, wanted: boolean): Element {
  const accepted = (operator === "!=") !== wanted;
  return { passes: (v) => v === accepted, inline: (v) => `${v} === ${accepted}`, cost: 1 };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether an address lies in a network; addresses of the other family lie outside. */
export function inNetwork(address: Uint8Array, network: Network): boolean {
  if (address.length !== network.address.length) return false;
  const whole = network.bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network.address[i]) return false;
  const rest = network.bits & 7;
  return rest === 0 || address[whole]! >> (8 - rest) === network.address[whole]! >> (8 - rest);
}

function addressElement(operator: Operator, wanted: Uint8Array | Network): Element {
  const matches =
    wanted instanceof Uint8Array
      ? (v: Uint8Array) => sameBytes(v, wanted)
      : (v: Uint8Array) => inNetwork(v, wanted);
  const negated = operator === "!=";
  return { passes: (v) => v instanceof Uint8Array && matches(v) !== negated, cost: 8 };
}

const indexOfBytes = (haystack: Uint8Array, needle: Uint8Array): number =>
  Buffer.prototype.indexOf.call(
    Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength),
    needle as Buffer,
  );

function startsWithBytes(value: Uint8Array, start: Uint8Array, at = 0): boolean {
  if (at < 0 || at + start.length > value.length) return false;
  for (let i = 0; i < start.length; i++) if (value[at + i] !== start[i]) return false;
  return true;
}

function bytesElement(operator: Operator, wanted: Uint8Array): Element {
  const on = (test: (v: Uint8Array) => boolean): Element => ({
    passes: (v) => v instanceof Uint8Array && test(v),
    cost: 20,
  });
  switch (operator) {
    case "!=":
      return on((v) => !sameBytes(v, wanted));
    case "contains":
    case "bcontains":
      return on((v) => wanted.length === 0 || indexOfBytes(v, wanted) >= 0);
    case "startswith":
    case "bstartswith":
      return on((v) => startsWithBytes(v, wanted));
    case "endswith":
      return on((v) => startsWithBytes(v, wanted, v.length - wanted.length));
    default:
      return on((v) => sameBytes(v, wanted));
  }
}

function hexBytes(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new CheckError("filter error: bcontains and bstartswith operator support hex strings only");
  }
  return Buffer.from(text, "hex");
}

function constantOf(operator: Operator, type: ParamType, node: ValueNode): Constant {
  if (operator !== "bcontains" && operator !== "bstartswith") return parseValue(type, node);
  const bytes = hexBytes(node.text);
  // On other types the decoded bytes would be parsed as the type; comparability refused those before.
  return bytes;
}

function elementOf(operator: Operator, constant: Constant): Element {
  if (typeof constant === "string") return textElement(operator, constant);
  if (typeof constant === "number" || typeof constant === "bigint") return numberElement(operator, constant);
  if (typeof constant === "boolean") return boolElement(operator, constant);
  return addressElement(operator, constant);
}

const constantKey = (constant: Constant): string => {
  if (constant instanceof Uint8Array) return Buffer.from(constant).toString("hex");
  if (typeof constant === "object")
    return `${Buffer.from(constant.address).toString("hex")}/${constant.bits}`;
  return typeof constant === "bigint" ? `${constant}n` : JSON.stringify(constant);
};

function testKey(
  operator: Operator,
  modifier: Modifier | undefined,
  constants: readonly Constant[],
): () => string {
  let key: string | undefined;
  return () => {
    const shown = operator === "==" ? "=" : operator;
    key ??= `${shown}${modifier ? ` ${modifier}` : ""} ${constants.map(constantKey).join(",")}`;
    return key;
  };
}

const CHANCES: Partial<Record<Operator, number>> = {
  "=": 0.1,
  "==": 0.1,
  in: 0.15,
  intersects: 0.15,
  "!=": 0.85,
  startswith: 0.1,
  endswith: 0.1,
  contains: 0.1,
};

/** `fd.num >= 0` and its like mean "it worked", which is the rule. */
function chanceOf(operator: Operator, constants: readonly Constant[]): number {
  if (operator === ">=" || operator === ">") return 0.8;
  if (typeof constants[0] === "boolean") return constants[0] === (operator !== "!=") ? 0.3 : 0.7;
  return CHANCES[operator] ?? 0.3;
}

/** Equality with any of several constants. */
function membership(type: ParamType, constants: readonly Constant[]): Element {
  const plain = constants.filter((c): c is string | number | bigint | boolean => typeof c !== "object");
  if (plain.length === constants.length) {
    const set = new Set<Scalar>(plain);
    // A value may stand in the list twice, but is one way to pass.
    const equals = [...set].filter(
      (c): c is string | number => typeof c === "string" || typeof c === "number",
    );
    const few = [...set].every((c) => typeof c !== "bigint") && set.size <= 3;
    const literals = [...set].map((c) => JSON.stringify(typeof c === "bigint" ? null : c));
    return {
      passes: (v) => set.has(v),
      ...(few ? { inline: (v: string) => literals.map((c) => `${v} === ${c}`).join(" || ") || "false" } : {}),
      cost: few ? 2 + set.size : 12,
      ...(equals.length === set.size ? { equals } : {}),
    };
  }
  const one = type === "BYTEBUF" ? bytesElement : addressElement;
  const elements = constants.map((c) => one("=", c as Uint8Array));
  return { passes: (v) => elements.some((e) => e.passes(v)), cost: 8 * elements.length };
}

function modified(modifier: Modifier, elements: readonly Element[]): Element {
  const cost = elements.reduce((sum, e) => sum + e.cost, 4);
  if (elements.length === 0) return { passes: () => false, inline: () => "false", cost: 0 };
  if (modifier === "anyof") return { passes: (v) => elements.some((e) => e.passes(v)), cost };
  if (modifier === "allof") return { passes: (v) => elements.every((e) => e.passes(v)), cost };
  return {
    passes: (v) => {
      let count = 0;
      for (const e of elements) if (e.passes(v) && ++count > 1) return false;
      return count === 1;
    },
    cost,
  };
}

const isSetOperator = (operator: Operator): boolean => operator === "in" || operator === "intersects";

/**
 * Compiles an operator with its literals for values of a type. Throws CheckError when a literal does not fit.
 * For list-valued fields the test is about one element; the caller quantifies.
 */
export function compileTest(
  type: ParamType,
  operator: Operator,
  modifier: Modifier | undefined,
  values: readonly ValueNode[],
): Test {
  const constants = values.map((value) => constantOf(operator, type, value));
  const key = testKey(operator, modifier, constants);
  const chance = chanceOf(operator, constants);
  const written = { key, chance, operator, modifier, constants };
  if (operator === "pmatch") {
    const matches = compilePathPrefix(constants.map(String));
    return { ...written, passes: onString(matches), cost: 120 };
  }
  if (isSetOperator(operator)) return { ...written, ...membership(type, constants) };
  const one = (constant: Constant): Element =>
    type === "BYTEBUF" && constant instanceof Uint8Array
      ? bytesElement(operator, constant)
      : elementOf(operator, constant);
  if (!modifier) return { ...written, ...one(constants[0]!) };
  if (modifier === "anyof" && (operator === "=" || operator === "==") && constants.length > 0) {
    return { ...written, ...membership(type, constants) };
  }
  return { ...written, ...modified(modifier, constants.map(one)) };
}

/** Compares two present values of the same type, for field-to-field comparison. Never throws. */
export function compareValues(type: ParamType, operator: Operator, left: Scalar, right: Scalar): boolean {
  if (isText(type)) {
    if (typeof left !== "string" || typeof right !== "string") return false;
    if (operator === "!=") return left !== right;
    if (operator === "=" || operator === "==" || isSetOperator(operator)) return left === right;
    return textElement(operator, right).passes(left);
  }
  const equality = isSetOperator(operator) ? "=" : operator;
  if (type === "BYTEBUF") return right instanceof Uint8Array && bytesElement(equality, right).passes(left);
  return elementOf(equality, right as Constant).passes(left);
}
