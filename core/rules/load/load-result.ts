import type { TextPos } from "../language/ast.ts";
import { DEPRECATED_FIELDS, ERRORS, type ErrorCode, WARNINGS, type WarningCode } from "./codes.ts";
import type { Context } from "./context.ts";

/** A problem that stops loading; thrown while reading and compiling, kept in the file's result. */
export class LoadError extends Error {
  readonly code: ErrorCode;
  readonly context: Context;
  /** A name that was probably meant. */
  readonly suggestion: string | undefined;

  /** Where in the context's text, when that is not part of the context. */
  readonly textPos: TextPos | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    context: Context,
    more: { readonly suggestion?: string | undefined; readonly textPos?: TextPos | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.context = context;
    this.suggestion = more.suggestion;
    this.textPos = more.textPos;
  }
}

export interface LoadWarning {
  readonly code: WarningCode;
  readonly message: string;
  readonly context: Context;
  readonly deprecatedField?: string;
}

/** The shape that `--json` results have; keys in alphabetical order as in the reference. */
export interface LoadResultJson {
  readonly errors: readonly ProblemJson[];
  readonly name: string;
  readonly schema_valid?: boolean;
  readonly schema_warnings?: readonly string[];
  readonly successful: boolean;
  readonly warnings: readonly ProblemJson[];
}

export interface ProblemJson {
  readonly code: string;
  readonly codedesc: string;
  readonly context: { readonly locations: readonly object[]; readonly snippet: string };
  readonly deprecated_field?: string;
  readonly message: string;
}

const contextJson = (context: Context): ProblemJson["context"] => ({
  locations: context.locations.map(({ type, name, file, mark }) => ({
    item_name: name,
    item_type: type,
    position: { column: mark.column, line: mark.line, name: file, offset: mark.offset },
  })),
  snippet: context.snippet,
});

function contextText(context: Context): string {
  const lines = context.locations.map(({ type, name, file, mark }, i) => {
    const item = name === "" ? type : `${type} '${name}'`;
    return `${i === 0 ? "In " : "    "}${item}: (${file}:${mark.line}:${mark.column})\n`;
  });
  return `${lines.join("")}------\n${context.snippet}------\n`;
}

const warningSummary = (warning: LoadWarning): string => {
  const { summary } = WARNINGS[warning.code];
  return warning.deprecatedField ? `${summary}: field '${warning.deprecatedField}'` : summary;
};

/** What loading one file gave. */
export class LoadResult {
  readonly name: string;
  readonly errors: LoadError[] = [];
  readonly warnings: LoadWarning[] = [];
  /** Messages of the schema pass, `["ok"]` per document that passed; absent when it did not run. */
  schema: readonly string[] | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get successful(): boolean {
    return this.errors.length === 0;
  }

  get #schemaRan(): boolean {
    return this.schema !== undefined && this.schema.length > 0;
  }

  /** Only the first document's first message counts. */
  get schemaValid(): boolean {
    return this.schema?.[0] === "ok";
  }

  /** `ok`, `none`, or the first message of the schema pass. */
  get schemaStatus(): string {
    return this.schema?.[0] ?? "none";
  }

  warn(code: WarningCode, message: string, context: Context): void {
    this.warnings.push({ code, message, context });
  }

  warnDeprecatedField(field: string, message: string, context: Context): void {
    this.warnings.push({ code: "LOAD_DEPRECATED_ITEM", message, context, deprecatedField: field });
  }

  get #headline(): string {
    const state = this.successful ? (this.warnings.length > 0 ? "Ok, with warnings" : "Ok") : "Invalid";
    return `${this.name}: ${state}`;
  }

  /** One line a group, codes only. */
  summary(): string {
    const groups = [this.#headline];
    if (this.#schemaRan && !this.schemaValid) {
      groups.push(` ${this.schema!.length} schema warnings: [${this.schema!.join(" ")}]`);
    }
    const group = (label: string, items: readonly string[]): void => {
      if (items.length > 0) groups.push(` ${items.length} ${label}: [${items.join(" ")}]`);
    };
    group(
      "errors",
      this.errors.map(({ code }) => `${code} (${ERRORS[code]})`),
    );
    group(
      "warnings",
      this.warnings.map((w) => `${w.code} (${warningSummary(w)})`),
    );
    return groups.join("\n");
  }

  /** Every problem with its place, line and caret. */
  verbose(): string {
    let text = this.#headline;
    if (this.#schemaRan && !this.schemaValid) {
      const messages = this.schema!.map((message) => `------\n${message}\n`).join("");
      text += `\n${this.schema!.length} Schema warnings:\n${messages}------\n`;
    }
    if (this.errors.length > 0) {
      text += `\n${this.errors.length} Errors:\n`;
      for (const { code, message, context } of this.errors) {
        text += `${contextText(context)}${code} (${ERRORS[code]}): ${message}\n`;
      }
    }
    if (this.warnings.length > 0) {
      text += `\n${this.warnings.length} Warnings:\n`;
      for (const warning of this.warnings) {
        text += `${contextText(warning.context)}${warning.code} (${warningSummary(warning)}): ${warning.message}\n`;
      }
    }
    return text;
  }

  /** What validation prints: everything about a file that is invalid or clean, one line for mere warnings. */
  validationText(): string {
    return this.successful && this.warnings.length > 0 ? this.#headline : this.verbose();
  }

  json(): LoadResultJson {
    const schema = this.#schemaRan
      ? { schema_valid: this.schemaValid, schema_warnings: this.schemaValid ? [] : this.schema! }
      : {};
    return {
      errors: this.errors.map(({ code, message, context }) => ({
        code,
        codedesc: ERRORS[code],
        context: contextJson(context),
        message,
      })),
      name: this.name,
      ...schema,
      successful: this.successful,
      warnings: this.warnings.map(({ code, message, context, deprecatedField }) => ({
        code,
        codedesc: WARNINGS[code].description,
        context: contextJson(context),
        ...(deprecatedField ? { deprecated_field: deprecatedField } : {}),
        message,
      })),
    };
  }
}

/** Names of deprecated fields whose text occurs in an output template. */
export const deprecatedFieldsIn = (template: string): string[] =>
  Object.keys(DEPRECATED_FIELDS).filter((field) => template.includes(field));
