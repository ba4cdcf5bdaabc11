import { reasonOf } from "../../core/errors.ts";
import { Catalog } from "../index/catalog.ts";
import type { IndexCache } from "../index/index-cache.ts";
import type { Log } from "../log.ts";

/**
 * The catalog to install from. Names need it; full references use it for dependencies and for what indexes demand of
 * signatures, so where no index can be had, they go on without, and it is said.
 */
export async function openCatalog(indexes: IndexCache, refs: readonly string[], log: Log): Promise<Catalog> {
  try {
    return await indexes.catalog({ refresh: true });
  } catch (error) {
    if (refs.some((ref) => !ref.includes("/"))) throw error;
    log("warn", `Going on without indexes, hence without the signatures they may demand: ${reasonOf(error)}`);
    return new Catalog([]);
  }
}
