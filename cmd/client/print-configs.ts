import type { FalcoClient } from "../../proto/clients/typescript/src/falco-client.ts";
import { json, out, table } from "../print.ts";

type Configs = Awaited<ReturnType<FalcoClient["configs"]["get"]>>;

/** Prints settings as a table or as JSON; always succeeds. */
export function printConfigs(configs: Configs, asJson: boolean): 0 {
  if (asJson) {
    const shown = configs.map((one) => ({
      key: one.key,
      ...(one.secret ? { secret: true } : { value: one.value === "" ? null : JSON.parse(one.value) }),
      overridden: one.overridden,
      restart: one.restart,
    }));
    json(shown);
    return 0;
  }
  const note = (one: Configs[number]) =>
    [one.overridden ? "set through the API" : "", one.overridden && one.restart ? "needs a restart" : ""]
      .filter((part) => part !== "")
      .join(", ");
  if (configs.length === 0) out("Nothing changed");
  else
    out(
      table(
        ["key", "value", "note"],
        configs.map((one) => [one.key, one.secret ? "(hidden)" : one.value, note(one)]),
      ),
    );
  return 0;
}
