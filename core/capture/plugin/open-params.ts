import { Json } from "../../metadata/json.ts";
import type { OpenParam } from "./plugin.ts";

/** Reads `[{"value", "desc", "separator"}, …]`. */
export function openParamsOf(text: string): OpenParam[] {
  const list = text === "" ? undefined : Json.parse(text);
  return (list?.items ?? []).map((item) => {
    const [value, description, separator] = ["value", "desc", "separator"].map((key) => item.at(key).text);
    return {
      value: value!,
      ...(description ? { description } : {}),
      ...(separator ? { separator } : {}),
    };
  });
}
