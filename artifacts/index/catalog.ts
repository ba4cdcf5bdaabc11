import { FalcoError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { parseDigest } from "../oci/digest.ts";
import { isTag, parseReference, type Reference, withDefaultTag } from "../oci/reference.ts";
import type { CosignPolicy, IndexEntry, NamedIndex } from "./index-entry.ts";

export interface Located {
  readonly reference: Reference;
  /** The index entry that was used; absent for a reference given in full. */
  readonly entry?: IndexEntry;
  /** What the index demands of the artifact's signature. */
  readonly signature?: CosignPolicy;
}

/** All indexes as one: of entries with the same name, that of the earlier index counts. */
export class Catalog {
  readonly #entries = new Map<string, { entry: IndexEntry; index: string }>();

  constructor(indexes: readonly NamedIndex[]) {
    for (const { name: index, entries } of indexes) {
      for (const entry of entries) {
        if (!this.#entries.has(entry.name)) this.#entries.set(entry.name, { entry, index });
      }
    }
  }

  /** Every entry with the name of its index. */
  all(): { entry: IndexEntry; index: string }[] {
    return [...this.#entries.values()];
  }

  entry(name: string): IndexEntry | undefined {
    return this.#entries.get(name)?.entry;
  }

  /**
   * Turns what a person writes into a reference: `name`, `name:tag` and `name@digest` by the indexes, `registry/repo…`
   * as it stands. `latest` is the tag where none is given.
   */
  locate(text: string): Located {
    if (text.includes("/")) return this.#full(parseReference(text));
    const [, name = "", mark, rest = ""] = /^([^:@]*)([:@])?(.*)$/s.exec(text) ?? [];
    const entry = this.entry(name);
    if (!entry) {
      const near = nearest(name, this.#entries.keys());
      const hint = near
        ? `did you mean "${near}"?`
        : 'search with "falco artifact search", or give registry/repository';
      throw new FalcoError(
        "ARTIFACT_UNKNOWN",
        `Cannot find artifact "${name.slice(0, 100)}": no index lists it`,
        { hint },
      );
    }
    if (mark === "@") parseDigest(rest);
    if (mark === ":" && !isTag(rest))
      throw new FalcoError("OCI_REFERENCE", `Cannot read reference "${text}": "${rest}" is not a tag`);
    const base = { registry: entry.registry, repository: entry.repository };
    const reference = mark === "@" ? { ...base, digest: rest } : { ...base, tag: rest || "latest" };
    return { reference, entry, ...(entry.signature && { signature: entry.signature }) };
  }

  /** A full reference to a repository that an index lists is held to what the index demands for it. */
  #full(reference: Reference): Located {
    const listed = this.all().find(
      ({ entry }) => entry.registry === reference.registry && entry.repository === reference.repository,
    )?.entry;
    return {
      reference: withDefaultTag(reference),
      ...(listed?.signature && { signature: listed.signature }),
    };
  }
}
