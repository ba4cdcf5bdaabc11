import { isIP } from "node:net";
import { type declaration, type event, field_type, type value } from "../../../proto/gen/api_pb.ts";
import type {
  InputDeclaration,
  InputEvent,
  InputType,
  InputValue,
} from "../../capture/inputs/declaration.ts";
import { FalcoError } from "../../errors.ts";

const MAX_FIELDS = 256;
const MAX_LIST = 1024;
const MAX_TEXT = 65_536;
/** All of an event's values together, in characters; numbers count with their longest form. */
const MAX_EVENT = 131_072;
const NUMBER_LENGTH = 20;

/** What an event's value must be for each type; `what` ends the sentence "the value is not …". */
interface TypeRule {
  readonly kind: "text" | "number" | "truth";
  readonly what: string;
  readonly test?: (text: string) => boolean;
}

const TYPES: Readonly<Record<InputType, TypeRule>> = {
  string: { kind: "text", what: "a text" },
  uint64: { kind: "number", what: "a number" },
  bool: { kind: "truth", what: "true or false" },
  reltime: { kind: "number", what: "a number of nanoseconds" },
  abstime: { kind: "number", what: "a number of nanoseconds" },
  ipaddr: { kind: "text", what: "an IP address", test: (text) => isIP(text) !== 0 },
};

const WIRE_TYPES = new Map<number, InputType>([
  [field_type.STRING, "string"],
  [field_type.UINT64, "uint64"],
  [field_type.BOOL, "bool"],
  [field_type.RELTIME, "reltime"],
  [field_type.ABSTIME, "abstime"],
  [field_type.IPADDR, "ipaddr"],
]);

const NAME = /^[a-zA-Z][a-zA-Z0-9_-]*(?:\.[a-zA-Z0-9_-]+)*$/;

/** Why an event was refused, and the field at fault if one is. */
export interface Fault {
  readonly field: string;
  readonly reason: string;
}

/** Checks what a client declares. Throws a FalcoError that names the field at fault. */
export function checkDeclaration(message: declaration): InputDeclaration {
  const refuse = (why: string) => new FalcoError("API_INVALID", `Cannot open the input: ${why}`);
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(message.source)) {
    throw refuse(`"${message.source}" is no name for a source: use small letters, digits and "_"`);
  }
  if (message.fields.length === 0) throw refuse("the source has no fields");
  if (message.fields.length > MAX_FIELDS) throw refuse(`more than ${MAX_FIELDS} fields`);
  const names = new Set<string>();
  const fields = message.fields.map((field) => {
    const type = WIRE_TYPES.get(field.type);
    if (field.name.length > 128 || !NAME.test(field.name))
      throw refuse(`"${field.name}" is no name for a field`);
    if (!type) throw refuse(`field "${field.name}" has an unknown type`);
    if (names.has(field.name)) throw refuse(`field "${field.name}" is declared twice`);
    names.add(field.name);
    return { name: field.name, type, list: field.list, description: field.description };
  });
  return { source: message.source, fields };
}

/** A check of events against a declaration: the event for the engine, or the fault in it. */
export function eventCheck(declared: InputDeclaration): (event: event) => InputEvent | Fault {
  const types = new Map(declared.fields.map(({ name, type, list }) => [name, { rule: TYPES[type], list }]));
  return (event) => {
    const fields: Record<string, InputValue> = Object.create(null);
    let size = 0;
    for (const name of Object.keys(event.fields)) {
      const type = types.get(name);
      if (!type) return { field: name, reason: "not declared" };
      const value = type.list ? list(event.fields[name]!, type.rule) : single(event.fields[name]!, type.rule);
      if (value === undefined) {
        return {
          field: name,
          reason: type.list ? `not a list, each ${type.rule.what}` : `not ${type.rule.what}`,
        };
      }
      size += name.length + sizeOf(value);
      if (size > MAX_EVENT) return { field: "", reason: `the event is longer than ${MAX_EVENT} characters` };
      fields[name] = value;
    }
    return { time: nanoseconds(event), fields };
  };
}

function sizeOf(value: InputValue): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object"
    ? value.reduce<number>((sum, part) => sum + sizeOf(part), 0)
    : NUMBER_LENGTH;
}

function single({ kind }: value, rule: TypeRule): InputValue | undefined {
  if (kind.case !== rule.kind) return undefined;
  if (typeof kind.value === "string" && (kind.value.length > MAX_TEXT || rule.test?.(kind.value) === false)) {
    return undefined;
  }
  return kind.value as string | bigint | boolean;
}

function list({ kind }: value, rule: TypeRule): InputValue | undefined {
  if (kind.case !== "list" || kind.value.values.length > MAX_LIST) return undefined;
  const values = kind.value.values.map((value) => single(value, rule));
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** A time that no clock shows (before the epoch, beyond 64 bits) counts as none. */
function nanoseconds(event: event): bigint {
  const { seconds, nanos } = event.time ?? { seconds: -1n, nanos: 0 };
  if (seconds < 0n || seconds > 18_000_000_000n || nanos < 0) return BigInt(Date.now()) * 1_000_000n;
  return seconds * 1_000_000_000n + BigInt(nanos);
}
