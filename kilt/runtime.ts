import { type Definition, type EvaluateOptions, evaluate } from "./definition.ts";
import type { Resolved, ResolvedObject } from "./hocon/node.ts";
import { hoconError } from "./hocon/source.ts";
import { field, flagAt, listAt, numberAt, objectAt, textAt, textsAt } from "./read-value.ts";
import type { Target } from "./target.ts";

const SOURCES = ["url", "file", "payload", "text"] as const;
const MAX_ID = 0xfffffffe;

export interface Upload {
  /** Where the bytes come from: an address, a local file, base64, or the text itself. */
  readonly from: (typeof SOURCES)[number];
  readonly contents: string;
  readonly gzipped: boolean;
  /** Absolute path in the container. */
  readonly destination: string;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: number;
}

/** What is brought into a running container, and what is started there afterwards in the background. */
export interface Runtime {
  readonly uploads: readonly Upload[];
  readonly execs: readonly (readonly string[])[];
}

/**
 * What a definition does to a running container. Reads `runtime` (upload, exec) and `patch` (the first
 * proposal's: upload, background_exec). A definition with neither is an error, and so is an upload
 * without a source or destination and a run list with nothing in it.
 */
export function runtimeFor(definition: Definition, target: Target, options: EvaluateOptions = {}): Runtime {
  const all = evaluate(definition, target, options, ["runtime", "patch"]);
  const name = field(all, "runtime") ? "runtime" : "patch";
  const section = objectAt(field(all, name), name);
  if (!section) {
    throw hoconError(
      definition.root.at,
      `Cannot patch a running container: ${definition.name} has no runtime section`,
      "add runtime { upload: [ … ], exec: [ … ] }",
    );
  }
  const uploads = listAt(field(section, "upload"), `${name}.upload`);
  const execs = listAt(field(section, "exec", "background_exec"), `${name}.exec`);
  return {
    uploads: uploads.map((item, i) => uploadOf(objectAt(item, `${name}.upload.${i}`)!, name, i)),
    execs: execs.map((item, i) => execOf(item, `${name}.exec.${i}`)),
  };
}

function uploadOf(object: ResolvedObject, section: string, index: number): Upload {
  const where = `${section}.upload.${index}`;
  const given = SOURCES.filter((name) => field(object, name));
  if (given.length !== 1) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    throw hoconError(
      object.at,
      `Cannot read ${where}: expected one of ${SOURCES.join(", ")}, found ${found}`,
    );
  }
  const contents = textAt(field(object, given[0]!), `${where}.${given[0]}`)!;
  const destination = textAt(field(object, "as"), `${where}.as`) ?? "";
  if (!isAbsolute(destination)) {
    throw hoconError(object.at, `Cannot read ${where}: "as" must be an absolute path in the container`);
  }
  // The first proposal lets a payload be base64 or the text itself; the released form knows `text` for that.
  const isText = section === "patch" && given[0] === "payload" && !isBase64(contents);
  if (given[0] === "payload" && !isText && !isBase64(contents)) {
    throw hoconError(object.at, `Cannot read ${where}.payload: it is not base64`, "use text for plain text");
  }
  return {
    from: isText ? "text" : given[0]!,
    contents,
    destination,
    gzipped: flagAt(field(object, "gzipped"), `${where}.gzipped`),
    uid: numberAt(field(object, "uid"), `${where}.uid`, MAX_ID) ?? 0,
    gid: numberAt(field(object, "gid"), `${where}.gid`, MAX_ID) ?? 0,
    permissions: numberAt(field(object, "permissions"), `${where}.permissions`, 0o7777, true) ?? 0o755,
  };
}

/** Absolute, naming a file, and with no step upwards that could lead elsewhere than it reads. */
const isAbsolute = (path: string): boolean =>
  path.startsWith("/") && !path.endsWith("/") && !path.includes("\0") && !path.split("/").includes("..");

const isBase64 = (text: string): boolean =>
  /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) && text.replace(/\s/g, "").length % 4 === 0;

function execOf(item: Resolved, where: string): string[] {
  // The proposal lists commands bare: a list of words, or one program.
  const run =
    item.kind === "object"
      ? textsAt(field(item, "run"), `${where}.run`)
      : item.kind === "array"
        ? textsAt(item, where)
        : [item.text];
  if (run.length === 0) throw hoconError(item.at, `Cannot read ${where}: run cannot be empty`);
  return run;
}
