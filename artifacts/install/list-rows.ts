import type { Catalog } from "../index/catalog.ts";
import { listInstalled } from "./state.ts";

/** What the indexes list, sorted by name. */
export const listedRows = (
  catalog: Catalog,
  type: string | undefined,
  index: string | undefined,
): { index: string; artifact: string; type: string; registry: string; repository: string }[] =>
  catalog
    .all()
    .filter(
      (item) =>
        (type === undefined || item.entry.type === type) && (index === undefined || item.index === index),
    )
    .map(({ index, entry: { name, type, registry, repository } }) => ({
      index,
      artifact: name,
      type,
      registry,
      repository,
    }))
    .sort((a, b) => (a.artifact < b.artifact ? -1 : 1));

/** What is installed. */
export const installedRows = (
  stateDir: string,
  type: string | undefined,
): {
  artifact: string;
  version: string;
  type: string;
  ref: string;
  directory: string;
  digest: string;
  files: readonly string[];
}[] =>
  listInstalled(stateDir)
    .filter((record) => type === undefined || record.type === type)
    .map(({ name = "", version = "", type = "", ref, directory = "", digest, files = [] }) => ({
      artifact: String(name),
      version,
      type: String(type),
      ref,
      directory,
      digest,
      files,
    }));
