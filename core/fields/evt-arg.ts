import type { EventCursor } from "../event/cursor.ts";
import { numberText } from "../event/number-text.ts";
import { nearest } from "../nearest.ts";
import type { ParamType } from "../schema/event-row.ts";
import { EVENTS } from "../schema/events.ts";
import { type Context, type Field, type FieldArg, type FieldRead, field } from "./field.ts";
import { paramString, paramText } from "./param-text.ts";

const NAMES: ReadonlySet<string> = new Set(EVENTS.flatMap((e) => e.params.map((p) => p.name)));
const INDEX_BY_NAME: readonly ReadonlyMap<string, number>[] = EVENTS.map(
  (e) => new Map(e.params.map((p, i) => [p.name, i])),
);

/** Index of the event's parameter of that name, or -1. */
export function paramIndex(event: EventCursor, name: string): number {
  return INDEX_BY_NAME[event.code]!.get(name) ?? -1;
}

/** Says so when no event has a parameter of that name. */
export function checkArgName({ text, index }: FieldArg): string | undefined {
  if (index !== undefined || NAMES.has(text)) return undefined;
  const near = nearest(text, NAMES);
  return `unknown event argument ${text}${near ? ` (did you mean "${near}"?)` : ""}`;
}

const TEXTS: ReadonlySet<ParamType> = new Set(["CHARBUF", "FSPATH", "FSRELPATH"]);
const BYTES: ReadonlySet<ParamType> = new Set([
  "BYTEBUF",
  "SOCKADDR",
  "SOCKTUPLE",
  "FDLIST",
  "DYN",
  "CHARBUFARRAY",
]);
const SIGNED: ReadonlySet<ParamType> = new Set(["INT8", "INT16", "INT32", "INT64", "ERRNO", "FD", "PID"]);

function readRaw({ event }: Context, arg: FieldArg | undefined): FieldRead {
  const index = paramIndex(event, arg!.text);
  if (index < 0) return undefined;
  const { type } = EVENTS[event.code]!.params[index]!;
  if (TEXTS.has(type)) return paramString(event, index);
  if (event.size(index) === 0) return undefined;
  if (BYTES.has(type)) return event.slice(index);
  const value = SIGNED.has(type) ? event.int(index, 0) : event.uint(index, 0);
  return Number.isSafeInteger(value) ? value : event.bigint(index, SIGNED.has(type));
}

function rawText(context: Context, arg: FieldArg | undefined): string | undefined {
  const value = readRaw(context, arg);
  if (value === undefined) return undefined;
  const index = paramIndex(context.event, arg!.text);
  const param = EVENTS[context.event.code]!.params[index]!;
  if (typeof value === "number" || typeof value === "bigint")
    return numberText(value, param.type, param.format);
  return typeof value === "string" ? value : paramText(context, index).plain;
}

/** `evt.rawarg.NAME`: a parameter as the number or bytes it is, unresolved. */
export const rawArg: Omit<Field, "name"> = field(
  "DYN",
  "One parameter by name, as the plain value it is.",
  readRaw,
  {
    arg: "required",
    dotArg: true,
    noRhs: true,
    noTransformers: true,
    checkArg: (arg) =>
      arg.index === undefined ? checkArgName(arg) : "evt.rawarg takes a name, not an index",
    text: rawText,
    typeOf: ({ text }) => {
      for (const { params } of EVENTS) {
        for (const { name, type, format } of params) if (name === text) return { type, format };
      }
      return { type: "INT64", format: "DEC" };
    },
  },
);
