import { FalcoError } from "../../core/errors.ts";
import { type FalcoClient, RulesRefused } from "../../proto/clients/typescript/src/falco-client.ts";
import { err, out } from "../print.ts";
import { withClient } from "./connect.ts";

type Change = Awaited<ReturnType<FalcoClient["rules"]["validate"]>>;

const place = (finding: Change["findings"][number]) =>
  finding.line > 0 ? ` (${finding.line}:${finding.column})` : "";
const lines = (findings: Change["findings"]) =>
  findings.map((one) => `${one.severity}: ${one.item}: ${one.message}${place(one)} [${one.code}]`).join("\n");

/** Makes a change and prints what came of it: the validator's findings, or its JSON. Returns the exit code. */
export async function changeRules(
  flags: Parameters<typeof withClient>[0] & { readonly json: boolean },
  change: (client: FalcoClient) => Promise<Change>,
): Promise<number> {
  try {
    const { applied, findings, result, revision } = await withClient(flags, change);
    if (flags.json) out(result);
    else if (findings.length > 0) err(lines(findings));
    if (!flags.json) out(applied ? `ok, revision ${revision}` : "refused");
    return applied ? 0 : 1;
  } catch (error) {
    const refused = error instanceof FalcoError ? error.cause : undefined;
    if (!(refused instanceof RulesRefused)) throw error;
    if (flags.json) out(refused.result);
    else err(`${lines([...refused.findings])}\nThe rules are refused, nothing was changed`);
    return 1;
  }
}
