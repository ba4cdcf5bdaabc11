import { FalcoError, reasonOf } from "../../core/errors.ts";
import { type PatchOptions, patchTemplate } from "./patch-template.ts";

/** What CloudFormation gives a macro (its params and templateParameterValues are not needed here). */
export interface MacroRequest {
  readonly requestId: string;
  readonly fragment: unknown;
}

/** What a macro answers; `errorMessage` is shown to whoever deploys the stack. */
export interface MacroResponse {
  readonly requestId: string;
  readonly status: "success" | "failure";
  readonly fragment: unknown;
  readonly errorMessage?: string;
}

/**
 * Answers one call of the CloudFormation macro: the fragment patched, or the fragment as it was with
 * status "failure" and the reason. Warnings go to `log`. Throws when the event is no call of a macro.
 */
export async function handleMacro(
  event: unknown,
  options: PatchOptions,
  log: (line: string) => void,
): Promise<MacroResponse> {
  const { requestId, fragment } = readRequest(event);
  try {
    const { text, patched, warnings } = await patchTemplate("template", JSON.stringify(fragment), options);
    for (const warning of warnings) log(`warning: ${warning}`);
    log(`request ${requestId}: patched ${patched.join(", ") || "nothing"}`);
    return { requestId, status: "success", fragment: JSON.parse(text) };
  } catch (error) {
    const errorMessage = error instanceof FalcoError ? error.format() : reasonOf(error);
    log(`request ${requestId}: ${errorMessage}`);
    return { requestId, status: "failure", fragment, errorMessage };
  }
}

function readRequest(event: unknown): MacroRequest {
  const { requestId, fragment } = (event ?? {}) as { requestId?: unknown; fragment?: unknown };
  if (typeof requestId === "string" && typeof fragment === "object" && fragment !== null)
    return { requestId, fragment };
  throw new FalcoError("KILT_MACRO", "Cannot handle event: a macro's call has a requestId and a fragment");
}
