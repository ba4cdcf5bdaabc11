import type { Context, FieldRead } from "../../fields/field.ts";
import type { ParamType } from "../../schema/event-row.ts";
import { CheckError } from "./check-error.ts";
import { parseOptstring, scanOptions } from "./getopt.ts";
import type { Operand, Value } from "./operand.ts";
import { isText } from "./value.ts";

type Scalar = Exclude<FieldRead, undefined>;

/** A transformer of one argument: which types it takes, and what it makes of a value. */
interface Transformer {
  readonly accepts: (type: ParamType, list: boolean) => boolean;
  /** On one element; nothing means the whole value is gone. */
  readonly element: (value: Scalar) => FieldRead;
}

const upperAscii = (text: string): string => text.replace(/[a-z]+/g, (run) => run.toUpperCase());
const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
const onText =
  (change: (text: string) => string) =>
  (value: Scalar): FieldRead =>
    typeof value === "string" ? change(value) : value;

/** Base64 decoded; padding may be missing. Anything else in the text leaves no value. */
function decodeBase64(value: Scalar): FieldRead {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
  const body = text.replace(/\0+$/, "").replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(body) || body.length % 4 === 1) return undefined;
  const bytes = Buffer.from(body, "base64");
  // Bits behind the last byte have to be zero.
  if (bytes.toString("base64").replace(/=+$/, "") !== body) return undefined;
  if (value instanceof Uint8Array) return bytes;
  const decoded = bytes.toString("utf8");
  const nul = decoded.indexOf("\0");
  return nul < 0 ? decoded : decoded.slice(0, nul);
}

const TRANSFORMERS: Readonly<Record<string, Transformer>> = {
  tolower: { accepts: isText, element: onText(lowerAscii) },
  toupper: { accepts: isText, element: onText(upperAscii) },
  basename: { accepts: isText, element: onText((text) => text.slice(text.lastIndexOf("/") + 1)) },
  b64: { accepts: (type) => type === "CHARBUF" || type === "BYTEBUF", element: decodeBase64 },
};

function mapValue(value: Value, element: (value: Scalar) => FieldRead): Value {
  if (!Array.isArray(value)) return value === undefined ? undefined : element(value as Scalar);
  const mapped: FieldRead[] = [];
  for (const item of value as readonly Scalar[]) {
    const result = element(item);
    if (result === undefined) return undefined;
    mapped.push(result);
  }
  return mapped;
}

function lengthOf(value: Value): number | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return Buffer.byteLength(String(value));
}

const derived = (base: Operand, key: string, changes: Partial<Operand>): Operand => ({
  ...base,
  key,
  arg: undefined,
  field: undefined,
  ...changes,
});

function single(name: string, operand: Operand): Operand {
  if (operand.noTransformers) throw new CheckError(`field '${operand.name}' does not support transformers`);
  const key = `${name}(${operand.key})`;
  const { read, arg } = operand;
  if (name === "len") {
    const accepted = operand.list || isText(operand.type) || operand.type === "BYTEBUF";
    if (accepted) {
      return derived(operand, key, {
        type: "UINT64",
        list: false,
        read: (context) => lengthOf(read(context, arg)),
      });
    }
  }
  const transformer = TRANSFORMERS[name];
  if (!transformer && name !== "len") throw new CheckError(`unknown field transfomer '${name}'`);
  if (!transformer?.accepts(operand.type, operand.list)) {
    throw new CheckError(
      `can't add field transformer: type '${operand.type}' is not supported by '${name}' transformer applied on ` +
        `${operand.list ? "list " : ""}field '${operand.name}'`,
    );
  }
  const { element } = transformer;
  return derived(operand, key, { read: (context) => mapValue(read(context, arg), element) });
}

/** One value out of several operands; like a field of its own without name. */
function combined(key: string, list: boolean, read: (context: Context) => Value): Operand {
  return {
    key,
    name: "NA",
    type: "CHARBUF",
    format: "NA",
    list,
    read,
    arg: undefined,
    field: undefined,
    noRhs: false,
    noTransformers: false,
  };
}

const textOf = (value: Value): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value);

function join(key: string, args: readonly Operand[]): Operand {
  const [separator, list] = args;
  if (!separator || !list || args.length !== 2) {
    throw new CheckError("join() requires exactly 2 arguments: separator and list");
  }
  if (separator.list) {
    throw new CheckError("join() first argument (separator) must be a single value, not a list");
  }
  if (!list.list) throw new CheckError("join() second argument must be a list");
  return combined(key, false, (context) => {
    const between = separator.read(context, separator.arg);
    const values = list.read(context, list.arg);
    if (between === undefined || !Array.isArray(values)) return undefined;
    return values.map(textOf).join(textOf(between));
  });
}

function concat(key: string, args: readonly Operand[]): Operand {
  if (args.length < 2) throw new CheckError("concat() requires at least 2 arguments");
  if (args.some((arg) => arg.type !== "CHARBUF" || arg.list)) {
    throw new CheckError("concat() arguments must be strings");
  }
  return combined(key, false, (context) => {
    let text = "";
    for (const arg of args) {
      const value = arg.read(context, arg.arg);
      if (value === undefined) return undefined;
      text += textOf(value);
    }
    return text;
  });
}

function getopt(key: string, args: readonly Operand[], selector: string | undefined): Operand {
  const [list, optstring] = args;
  if (!list || !optstring || args.length !== 2) {
    throw new CheckError("getopt() requires exactly 2 arguments: args list and optstring");
  }
  if (!list.list) throw new CheckError("getopt() first argument must be a list");
  if (optstring.list) throw new CheckError("getopt() second argument (optstring) must be a single value");
  if (list.type !== "CHARBUF" || optstring.type !== "CHARBUF") {
    throw new CheckError("getopt() arguments must be strings");
  }
  if (selector !== undefined && selector.length !== 1) {
    throw new CheckError("getopt() field argument must be a single option character");
  }
  return combined(key, selector === undefined, (context) => {
    const options = optstring.read(context, optstring.arg);
    const words = list.read(context, list.arg);
    if (options === undefined || !Array.isArray(words)) return undefined;
    return scanOptions(words.map(textOf), parseOptstring(textOf(options)), selector);
  });
}

/** Applies a transformer to operands. Throws CheckError where it does not take them. */
export function bindTransform(name: string, args: readonly Operand[], arg: string | undefined): Operand {
  if (args.length === 1) {
    if (arg !== undefined) {
      throw new CheckError(`filter error: transformer '${name}' does not support field arguments`);
    }
    return name === "val" ? args[0]! : single(name, args[0]!);
  }
  const inner = `${name}(${args.map((a) => a.key).join(",")})`;
  const key = arg === undefined ? inner : `${inner}[${arg}]`;
  if (name === "getopt") return getopt(key, args, arg);
  if (name !== "join" && name !== "concat") throw new CheckError("unknown multivalue transformer");
  const operand = name === "join" ? join(key, args) : concat(key, args);
  if (arg !== undefined) throw new CheckError(`transformer '${name}' does not support field arguments`);
  return operand;
}
