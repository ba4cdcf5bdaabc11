import { FalcoError } from "../../core/errors.ts";
import type { ArtifactType } from "../package/artifact-type.ts";
import type { Catalog } from "./catalog.ts";
import type { IndexEntry } from "./index-entry.ts";

export interface SearchHit {
  readonly index: string;
  readonly entry: IndexEntry;
  /** How alike name and keyword are, from 0 to 1. */
  readonly score: number;
}

const defaultMinScore = 0.65;

/**
 * Entries whose name is like one of the words, or whose keywords contain one. Best first, then by name.
 * Likeness is 1 - (edit distance / length of the longer), as the existing tool defines it.
 */
export function searchArtifacts(
  catalog: Catalog,
  words: readonly string[],
  {
    minScore = defaultMinScore,
    type,
  }: { readonly minScore?: number; readonly type?: ArtifactType | undefined } = {},
): SearchHit[] {
  const hits: SearchHit[] = [];
  for (const { entry, index } of catalog.all()) {
    if (type !== undefined && entry.type !== type) continue;
    const keywords = entry.keywords.join(" ");
    const score = Math.max(...words.map((word) => likeness(entry.name, word)));
    if (score >= minScore || words.some((word) => keywords.includes(word)))
      hits.push({ index, entry, score });
  }
  return hits.sort((a, b) => b.score - a.score || (a.entry.name < b.entry.name ? -1 : 1));
}

function likeness(name: string, word: string): number {
  const longer = Math.max(name.length, word.length);
  return longer === 0 ? 0 : (longer - distance(name.toLowerCase(), word.toLowerCase())) / longer;
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(changed, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** Reads --min-score: above 0, at most 1. */
export function parseMinScore(text: string): number {
  const score = Number(text);
  if (score > 0 && score <= 1) return score;
  throw new FalcoError("USAGE", `Cannot use --min-score ${text}: it must be above 0 and at most 1`);
}
