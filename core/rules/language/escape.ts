const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  // Rules in the field carry backslash-blank; the reference keeps the backslash and drops the blank.
  " ": "\\",
  "\\": "\\",
  "/": "/",
};

export interface Unescaped {
  readonly text: string;
  /** Present when `\xHH` escapes made bytes that are not UTF-8. */
  readonly bytes: Uint8Array | undefined;
  readonly error?: string;
}

const failed = (error: string): Unescaped => ({ text: "", bytes: undefined, error });

/** Resolves the escapes of a string that stood between `delimiter`s. Errors are worded as the reference does. */
export function unescapeQuoted(raw: string, delimiter: string): Unescaped {
  if (!raw.includes("\\")) return { text: raw, bytes: undefined };
  const chunks: (string | number)[] = [];
  let hasHighByte = false;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== "\\") {
      chunks.push(raw[i]!);
      continue;
    }
    const letter = raw[++i];
    if (letter === undefined) break;
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) chunks.push(simple);
    else if (letter === '"' || letter === "'") {
      if (letter !== delimiter) return failed(`invalid \\${letter} escape in ${delimiter}-quoted string`);
      chunks.push(letter);
    } else if (letter === "x") {
      const digits = raw.slice(i + 1, i + 3);
      if (digits.length < 2) return failed("truncated hex char escape sequence");
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) return failed(`invalid hex char escape sequence: ${digits}`);
      const byte = Number.parseInt(digits, 16);
      hasHighByte ||= byte >= 0x80;
      chunks.push(byte);
      i += 2;
    } else return failed(`unsupported string escape sequence: \\${letter}`);
  }
  const text = chunks.map((c) => (typeof c === "number" ? String.fromCharCode(c) : c)).join("");
  if (!hasHighByte) return { text, bytes: undefined };
  // Neighbouring characters are joined first: a surrogate pair must not be encoded by halves.
  const parts: Buffer[] = [];
  let run = "";
  for (const chunk of chunks) {
    if (typeof chunk === "string") {
      run += chunk;
      continue;
    }
    parts.push(Buffer.from(run), Buffer.from([chunk]));
    run = "";
  }
  parts.push(Buffer.from(run));
  const bytes = Buffer.concat(parts);
  return { text: bytes.toString("utf8"), bytes };
}

const ESCAPED: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
  '"': '\\"',
};

/** A literal as `condition_compiled` shows it: in double quotes only where it needs them. */
export function escapeValue(text: string): string {
  // biome-ignore lint/complexity/useRegexLiterals: control characters read better as escapes of a string
  const special = new RegExp("[\\b\\f\\n\\r\\t =\\\\\"'\\0]");
  if (!special.test(text)) return text;
  let body = "";
  for (const c of text) body += ESCAPED[c] ?? c;
  return `"${body}"`;
}
