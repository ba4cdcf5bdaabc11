import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { FalcoError, reasonOf } from "../../core/errors.ts";
import type {
  FalcoClient,
  FieldDeclaration,
  FieldType,
  FieldValue,
} from "../../proto/clients/typescript/src/falco-client.ts";
import { err } from "../print.ts";

const TYPES: readonly string[] = [
  "string",
  "uint64",
  "bool",
  "reltime",
  "abstime",
  "ipaddr",
] satisfies FieldType[];

/** Reads `name:type` or `name:type[]`. */
function declared(text: string): FieldDeclaration {
  const [, name, type, list] = /^([^:]+):([a-z0-9]+)(\[\])?$/.exec(text) ?? [];
  if (name && type && TYPES.includes(type))
    return { name, type: type as FieldType, list: list !== undefined };
  throw new FalcoError("USAGE", `Invalid field "${text}"`, {
    hint: `write NAME:TYPE with one of ${TYPES.join(", ")}`,
  });
}

export interface SendOptions {
  readonly source: string;
  readonly fields: readonly string[];
  /** Lines of JSON; `-` is standard input. */
  readonly file: string;
  readonly signal: AbortSignal;
}

/** Sends a file's events, one JSON object a line, and reports refused and unreadable ones on standard error. */
export async function sendEvents(client: FalcoClient, options: SendOptions) {
  const fields = options.fields.map(declared);
  const lineOf = new Map<bigint, number>();
  const onRefusal = ({ id, field, reason }: { id: bigint; field: string; reason: string }) => {
    err(`line ${lineOf.get(id) ?? "?"}: ${field === "" ? "" : `${field}: `}${reason}`);
    lineOf.delete(id);
  };
  const input = client.input(options.source, fields, { onRefusal });
  const stream = options.file === "-" ? process.stdin : createReadStream(options.file);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  const failure = new Promise<never>((_, reject) => stream.once("error", reject));
  options.signal.addEventListener("abort", () => lines.close(), { once: true });
  let number = 0;
  let unreadable = 0n;
  const sendAll = async () => {
    for await (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      const event = eventOf(line);
      if (typeof event === "string") {
        err(`line ${number}: ${event}`);
        unreadable++;
        continue;
      }
      lineOf.set(await input.send(event), number);
      // Only events that may still be refused are remembered.
      if (lineOf.size > 20_000) lineOf.delete(lineOf.keys().next().value!);
    }
  };
  try {
    await Promise.race([sendAll(), failure]);
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    throw new FalcoError("CLIENT_INPUT", `Cannot read "${options.file}": ${reasonOf(cause)}`, { cause });
  }
  const counts = await input.close();
  return { accepted: counts.accepted, refused: counts.refused + unreadable };
}

/** The event of a line, or what is wrong with it. Numbers have to be whole; null is a field left out. */
function eventOf(line: string): Record<string, FieldValue> | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    return reasonOf(error);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return "not a JSON object";
  const event: Record<string, FieldValue> = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (value === null) continue;
    if (!usable(value)) return `${name}: not a text, a whole number, true, false or a list of those`;
    event[name] = value;
  }
  return event;
}

const usable = (value: unknown): value is FieldValue =>
  Array.isArray(value)
    ? value.every(usable)
    : typeof value === "string" ||
      typeof value === "boolean" ||
      (Number.isSafeInteger(value) && (value as number) >= 0);
