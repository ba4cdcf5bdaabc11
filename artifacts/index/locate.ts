import { parseReference, withDefaultTag } from "../oci/reference.ts";
import type { Located } from "./catalog.ts";
import type { IndexCache } from "./index-cache.ts";

/** Turns a name or reference into a reference; indexes are read only for names. For commands that install nothing. */
export async function locate(indexes: IndexCache, text: string): Promise<Located> {
  if (text.includes("/")) return { reference: withDefaultTag(parseReference(text)) };
  return (await indexes.catalog()).locate(text);
}
