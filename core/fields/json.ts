import { compactJson, indentJson, valueAt } from "../event/json-text.ts";
import { type Context, type FieldArg, type FieldTraits, field, fieldClass, type Reader } from "./field.ts";
import { documentOf, jsonAt } from "./json-document.ts";

const paths = new WeakMap<FieldArg, readonly string[]>();

/** The names in a JSON pointer (RFC 6901); the slash in front may be missing. Each argument is taken apart once. */
function pathOf(arg: FieldArg): readonly string[] {
  const known = paths.get(arg);
  if (known) return known;
  const { text } = arg;
  const path =
    text === ""
      ? []
      : text
          .replace(/^\//, "")
          .split("/")
          .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  paths.set(arg, path);
  return path;
}

/** A text is shown bare; all else as it stands in the data. */
function valueText(context: Context, arg: FieldArg): string | undefined {
  const document = documentOf(context);
  if (!document) return undefined;
  const path = pathOf(arg);
  const value = jsonAt(document.value, path);
  if (value === undefined || typeof value === "string") return value;
  const span = valueAt(document.text, path);
  return span && compactJson(document.text.slice(span.start, span.end));
}

const readValue: Reader<string | undefined> = (context, arg) => arg && valueText(context, arg);
const readObject = (context: Context): string | undefined => {
  const document = documentOf(context);
  return document && indentJson(document.text);
};
const readTime = (context: Context): string | undefined =>
  documentOf(context) ? context.event.time.toString() : undefined;

const POINTER: FieldTraits = { arg: "required", argKind: ["KEY"] };

/** What the plugin `json` brings: values out of any event whose data are JSON. */
export const json = fieldClass("json", "Values out of events whose data are JSON", [], {
  "json.value": field(
    "CHARBUF",
    "The value at a JSON pointer (RFC 6901), as in json.value[/user/name].",
    readValue,
    POINTER,
  ),
  "json.obj": field("CHARBUF", "The whole event as indented JSON.", readObject),
  "json.rawtime": field("CHARBUF", "Time of the event in nanoseconds since the epoch.", readTime),
  "jevt.value": field("CHARBUF", "Old name of json.value.", readValue, POINTER),
  "jevt.obj": field("CHARBUF", "Old name of json.obj.", readObject),
  "jevt.rawtime": field("CHARBUF", "Old name of json.rawtime.", readTime),
});
