import { EventCursor } from "../../core/event/cursor.ts";
import { fieldRegistry } from "../../core/fields/all.ts";
import type { Context, Field, FieldClass, FieldRead, Subject } from "../../core/fields/field.ts";
import { EVENT } from "../../core/schema/event-codes.ts";
import { State } from "../../core/state/state.ts";

/** Values of one made-up event by field name; a name that is missing has no value. */
export type Values = Readonly<Record<string, FieldRead | readonly FieldRead[]>>;

let current: Values = {};

const read = (name: string) => () => current[name];
const make = (name: string, type: Field["type"], traits: Partial<Field> = {}): Field => ({
  name,
  type,
  description: name,
  read: read(name),
  ...traits,
});

/** a.path decides itself and a.file; where a.kind is 1 there is no a.file, and with 2 the path decides nothing. */
const path: Subject = {
  variants: 2,
  text: () => (current["a.kind"] === 2 ? undefined : (current["a.path"] as string | undefined)),
  variant: () => Number(current["a.kind"] ?? 0),
};

const fields: readonly Field[] = [
  make("evt.type", "CHARBUF"),
  make("a.text", "CHARBUF"),
  make("b.text", "CHARBUF"),
  make("a.path", "FSPATH", { decidedBy: path }),
  make("a.file", "CHARBUF", {
    decidedBy: path,
    read: () => (current["a.kind"] === 1 ? undefined : (current["a.path"] as string | undefined)?.slice(-1)),
  }),
  make("a.num", "INT64"),
  make("b.num", "UINT64"),
  make("a.flag", "BOOL"),
  make("a.ip", "IPADDR"),
  make("a.net", "IPNET", { noRhs: true }),
  make("a.port", "PORT"),
  make("a.bytes", "BYTEBUF"),
  make("a.list", "CHARBUF", { list: true }),
  make("a.any", "CHARBUF", {
    noRhs: true,
    noTransformers: true,
    arg: "optional",
    anyOf: () => (current["a.any"] as readonly FieldRead[] | undefined) ?? [],
  }),
  make("a.both", "UINT16", {
    anyOf: () => (current["a.both"] as readonly FieldRead[] | undefined) ?? [],
    unequalMeansAll: true,
  }),
];

const made: FieldClass = { name: "made", description: "made up", sources: [], fields };

/** Fields whose values a test sets with `contextOf`. */
export const syntheticRegistry = fieldRegistry([made], ["syscall"]);

/** The context of an event of a type (openat unless said) with these values; valid until the next call. */
export function contextOf(values: Values, code: number = EVENT.SYSCALL_OPENAT_2_X): Context {
  current = values;
  const event = new EventCursor();
  event.code = code;
  return { event, state: new State() };
}
