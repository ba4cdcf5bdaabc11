import { parse as parseIp } from "ipaddr.js";
import { type Context, type FieldClass, type FieldRead, field, fieldClass } from "../../fields/field.ts";
import type { ParamType } from "../../schema/event-row.ts";
import type { InputDeclaration, InputType } from "./declaration.ts";

type Json = string | number | boolean | readonly Json[];

interface TypeReading {
  readonly type: ParamType;
  readonly read: (value: Json) => FieldRead;
}

/** An integer beyond 2^53 is a string in the record. */
const whole = (value: Json): FieldRead => (typeof value === "string" ? BigInt(value) : (value as number));

const TYPES: Readonly<Record<InputType, TypeReading>> = {
  string: { type: "CHARBUF", read: (value) => value as string },
  uint64: { type: "UINT64", read: whole },
  bool: { type: "BOOL", read: (value) => value as boolean },
  reltime: { type: "RELTIME", read: whole },
  abstime: { type: "ABSTIME", read: whole },
  ipaddr: { type: "IPADDR", read: (value) => Uint8Array.from(parseIp(value as string).toByteArray()) },
};

/** The fields of a declared source, read from the records that its InputSource makes. */
export function inputFields(declaration: InputDeclaration): FieldClass {
  // Several fields of one event are read in a row: its data are parsed once.
  let parsedFor: string | undefined;
  let parsed: Readonly<Record<string, Json>> = {};
  const valuesOf = ({ event }: Context): Readonly<Record<string, Json>> => {
    const text = event.slice(1).toString("utf8");
    if (text !== parsedFor) {
      parsed = JSON.parse(text);
      parsedFor = text;
    }
    return parsed;
  };
  return fieldClass(
    declaration.source,
    "Fields of a source that a client of the API declared",
    [declaration.source],
    Object.fromEntries(
      declaration.fields.map(({ name, type, list, description }) => {
        const { type: paramType, read } = TYPES[type];
        const one = (context: Context) => {
          const value = valuesOf(context)[name];
          if (value === undefined) return undefined;
          return list ? (value as readonly Json[]).map(read) : read(value);
        };
        return [name, field(paramType, description, one, { list })];
      }),
    ),
  );
}
