import { FalcoError } from "../../core/errors.ts";
import { readText } from "../read-text.ts";
import type { ImageConfigLookup } from "../target.ts";
import { lambdaLoop } from "./lambda-loop.ts";
import { handleMacro } from "./macro.ts";
import { patchTemplate } from "./patch-template.ts";
import { settingsFrom } from "./settings.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Runs the macro as its environment says: as a Lambda function until stopped, or once on a local file. */
export async function serveMacro(
  env: Env,
  lookup: ImageConfigLookup,
  log: (line: string) => void,
  stop?: AbortSignal,
): Promise<void> {
  if (env.KILT_MODE === "local") {
    await patchLocal(env, lookup, log);
    return;
  }
  const api = env.AWS_LAMBDA_RUNTIME_API;
  if (!api) {
    throw new FalcoError("KILT_SETTINGS", "Cannot start macro: AWS_LAMBDA_RUNTIME_API is not set", {
      hint: "it is set inside AWS Lambda; set KILT_MODE=local to patch a file",
    });
  }
  const start = async () => {
    const options = await settingsFrom(env, lookup);
    return (event: unknown) => handleMacro(event, options, log);
  };
  await lambdaLoop({ api, start, ...(stop ? { stop } : {}) });
}

async function patchLocal(env: Env, lookup: ImageConfigLookup, log: (line: string) => void): Promise<void> {
  const { KILT_SRC_TEMPLATE: source, KILT_OUT_TEMPLATE: target } = env;
  if (!source || !target) {
    throw new FalcoError(
      "KILT_SETTINGS",
      "Cannot patch locally: KILT_SRC_TEMPLATE and KILT_OUT_TEMPLATE must be set",
    );
  }
  const [name, text] = await readText(source, "template");
  const { text: patched, warnings } = await patchTemplate(name, text, await settingsFrom(env, lookup));
  for (const warning of warnings) log(`warning: ${warning}`);
  await Bun.write(target, patched);
}
