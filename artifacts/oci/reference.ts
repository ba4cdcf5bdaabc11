import { FalcoError } from "../../core/errors.ts";
import { parseDigest } from "./digest.ts";

/** Where something lies in a registry: `registry/repository[:tag][@digest]`. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

export const defaultTag = "latest";

// Grammar of the OCI distribution spec 1.1, "Pulling manifests". Each is unambiguous, hence linear.
const component = /^[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\])(?::([0-9]{1,5}))?$/;

const fail = (text: string, why: string, hint?: string): never => {
  const shown = text.length > 200 ? text.slice(0, 200) + "…" : text;
  throw new FalcoError("OCI_REFERENCE", `Cannot read reference "${shown}": ${why}`, hint ? { hint } : {});
};

export const isTag = (text: string): boolean => tagPattern.test(text);

/** A registry's host with optional port, as in `ghcr.io` or `[::1]:5000`. */
export function isRegistryHost(text: string): boolean {
  const match = hostPattern.exec(text);
  return match !== null && text.length <= 260 && (match[1] === undefined || Number(match[1]) <= 65535);
}

/**
 * Reads `registry/repository`, `…:tag`, `…@digest` or `…:tag@digest`. Tag and digest stay absent when not given.
 * Throws OCI_REFERENCE naming the part that is wrong.
 */
export function parseReference(text: string): Reference {
  if (/^[a-z]+:\/\//.test(text)) fail(text, "a reference has no scheme", "leave out http:// and https://");
  const slash = text.indexOf("/");
  if (slash < 0)
    fail(
      text,
      "no repository given",
      "write registry/repository, for example ghcr.io/falcosecurity/rules/falco-rules",
    );
  const registry = text.slice(0, slash);
  if (!isRegistryHost(registry)) fail(text, `"${registry}" is not a registry's host`);
  let path = text.slice(slash + 1);

  const at = path.indexOf("@");
  const digest = at < 0 ? undefined : path.slice(at + 1);
  if (at >= 0) path = path.slice(0, at);
  const colon = path.indexOf(":");
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (colon >= 0) path = path.slice(0, colon);

  if (path.length === 0 || path.length + registry.length > 255)
    fail(text, "the repository must have 1 to 255 characters");
  const wrong = path.split("/").find((part) => !component.test(part));
  if (wrong !== undefined) {
    const hint = wrong !== wrong.toLowerCase() ? `did you mean "${wrong.toLowerCase()}"?` : undefined;
    fail(text, `"${wrong}" cannot be part of a repository's name`, hint);
  }
  if (tag !== undefined && !isTag(tag)) fail(text, `"${tag}" is not a tag`);
  if (digest !== undefined) parseDigest(digest);
  return {
    registry,
    repository: path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** Whether a text names a registry and repository, rather than an artifact of an index. */
export function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * An image name as container tools write it: `nginx` is docker.io/library/nginx:latest. The first part is a registry
 * only when it has a dot or a colon or is `localhost`.
 */
export function parseImageName(text: string): Reference {
  const slash = text.indexOf("/");
  const first = text.slice(0, Math.max(slash, 0));
  const named = slash >= 0 && (/[.:[]/.test(first) || first === "localhost");
  const full = named ? text : `docker.io/${slash < 0 ? "library/" : ""}${text}`;
  return withDefaultTag(parseReference(full));
}

export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: defaultTag };
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? ":" + tag : ""}${digest ? "@" + digest : ""}`;
}

/** What to ask the registry for: the digest when there is one, for it can't move. */
export const target = (reference: Reference): string => reference.digest ?? reference.tag ?? defaultTag;
