import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { isReference } from "../oci/reference.ts";
import { isArtifactType, typeNames } from "../package/artifact-type.ts";
import type { CosignPolicy, IndexEntry } from "./index-entry.ts";

/** Something wrong in an index: where (a path of keys and list positions) and what. */
interface Complaint {
  readonly path: readonly (string | number)[];
  readonly what: string;
  readonly hint?: string;
}

export const maxIndexBytes = 32 << 20;
const maxEntries = 100_000;

/** The members of cosign's policy in the file, and what they are called here. */
const cosignKeys: Readonly<Record<string, keyof CosignPolicy>> = {
  "certificate-oidc-issuer": "issuer",
  "certificate-oidc-issuer-regexp": "issuerRegexp",
  "certificate-identity": "identity",
  "certificate-identity-regexp": "identityRegexp",
  "certificate-github-workflow": "githubWorkflow",
  key: "key",
  "ignore-tlog": "ignoreTlog",
};

/**
 * Reads an index file: a YAML list of entries. The quick parser of the runtime has no positions, so what doesn't pass
 * is parsed again by one that has. Throws INDEX with file, line and column.
 */
export async function parseIndex(text: string, file: string): Promise<IndexEntry[]> {
  const quick = quickly(text);
  const checked = quick === undefined ? undefined : checkEntries(quick);
  if (checked && "entries" in checked) return checked.entries;
  const { parseYaml } = await import("../files/parse-yaml.ts");
  const document = parseYaml(text, file, "INDEX");
  const again = checkEntries(document.value());
  if ("entries" in again) return again.entries;
  const { path, what, hint } = again.complaint;
  // The node itself, or the nearest one around it when it is missing.
  for (let length = path.length; ; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (node || length === 0) throw document.errorAt(node, `Cannot use index ${file}: ${what}`, hint);
  }
}

function quickly(text: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch {
    // The slow parser says what is wrong, or that nothing is.
    return undefined;
  }
}

function checkEntries(value: unknown): { entries: IndexEntry[] } | { complaint: Complaint } {
  if (value === null) return { entries: [] };
  if (!Array.isArray(value)) return { complaint: { path: [], what: "it is not a list of entries" } };
  if (value.length > maxEntries)
    return { complaint: { path: [], what: `it has more than ${maxEntries} entries` } };
  const seen = new Map<string, number>();
  const entries: IndexEntry[] = [];
  for (const [i, item] of value.entries()) {
    const result = checkEntry(item, i);
    if ("complaint" in result) return result;
    const first = seen.get(result.entry.name);
    if (first !== undefined) {
      const what = `"${result.entry.name}" stands in it twice (entries ${first + 1} and ${i + 1})`;
      return { complaint: { path: [i, "name"], what } };
    }
    seen.set(result.entry.name, i);
    entries.push(result.entry);
  }
  return { entries };
}

type Fields = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function checkEntry(item: unknown, i: number): { entry: IndexEntry } | { complaint: Complaint } {
  if (!isMap(item)) return { complaint: { path: [i], what: `entry ${i + 1} is not a mapping` } };
  const label = typeof item["name"] === "string" ? `"${item["name"]}"` : `entry ${i + 1}`;
  for (const key of ["name", "type", "registry", "repository"]) {
    const value = item[key];
    if (typeof value === "string" && value !== "") continue;
    const what =
      value === undefined || value === null || value === ""
        ? `${label} has no ${key}`
        : `${key} of ${label} is not a text`;
    return { complaint: { path: [i, key], what } };
  }
  const { name, type, registry, repository } = item as Record<string, string>;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name!)) {
    return {
      complaint: {
        path: [i, "name"],
        what: `"${name}" cannot be an artifact's name`,
        hint: "use letters, digits, dots, dashes and underscores",
      },
    };
  }
  if (!isArtifactType(type!)) {
    const near = nearest(type!, typeNames);
    const hint = near ? `did you mean "${near}"?` : `use one of ${typeNames.join(", ")}`;
    return { complaint: { path: [i, "type"], what: `${label} has the unknown type "${type}"`, hint } };
  }
  if (!isReference(`${registry}/${repository}`) || /[@:]/.test(repository!)) {
    return {
      complaint: {
        path: [i, "repository"],
        what: `"${registry}/${repository}" of ${label} is not a repository`,
      },
    };
  }
  const signature = checkSignature(item["signature"], [i, "signature"], label);
  if (signature && "complaint" in signature) return signature;
  return {
    entry: {
      name: name!,
      type,
      registry: registry!,
      repository: repository!,
      description: text(item["description"]),
      home: text(item["home"]),
      keywords: texts(item["keywords"]),
      license: text(item["license"]),
      maintainers: list(item["maintainers"])
        .filter(isMap)
        .map((m) => ({ name: text(m["name"]), email: text(m["email"]) })),
      sources: texts(item["sources"]),
      ...(signature && { signature: signature.policy }),
    },
  };
}

/** A policy must be understood completely: what is overlooked would be what makes it strict. */
function checkSignature(
  value: unknown,
  path: readonly (string | number)[],
  label: string,
): { policy: CosignPolicy } | { complaint: Complaint } | undefined {
  if (value === undefined || value === null) return undefined;
  const cosign = isMap(value) ? value["cosign"] : undefined;
  if (!isMap(cosign))
    return { complaint: { path, what: `the signature of ${label} is not of the form {cosign: {…}}` } };
  const policy: Record<string, string | boolean> = { ignoreTlog: false };
  for (const [key, given] of Object.entries(cosign)) {
    const name = Object.hasOwn(cosignKeys, key) ? cosignKeys[key] : undefined;
    if (name === undefined) {
      const near = nearest(key, Object.keys(cosignKeys));
      const what = `the signature of ${label} has the unknown member "${key}"`;
      return {
        complaint: { path: [...path, "cosign", key], what, ...(near && { hint: `did you mean "${near}"?` }) },
      };
    }
    const wanted = name === "ignoreTlog" ? "boolean" : "string";
    if (typeof given !== wanted) {
      return {
        complaint: {
          path: [...path, "cosign", key],
          what: `${key} in the signature of ${label} is no ${wanted}`,
        },
      };
    }
    if (given !== "") policy[name] = given as string | boolean;
  }
  if (
    !policy["key"] &&
    !((policy["issuer"] || policy["issuerRegexp"]) && (policy["identity"] || policy["identityRegexp"]))
  ) {
    const what = `the signature of ${label} names neither a key, nor both a certificate's issuer and its identity`;
    return { complaint: { path, what } };
  }
  return { policy: policy as unknown as CosignPolicy };
}

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] => list(value).map(text).filter(Boolean);

/** The error for an index too large to be taken. */
export const tooLarge = (from: string): FalcoError =>
  new FalcoError("INDEX", `Cannot use index ${from}: it is larger than ${maxIndexBytes >> 20} MiB`);
