import { command } from "../../command.ts";
import { err } from "../../print.ts";
import { imageLookup } from "../image-lookup.ts";

export const lambda = command({
  name: "lambda",
  summary: "Serve the CloudFormation macro as a Lambda function",
  description:
    "The loop of a custom Lambda runtime, started by the bootstrap of the zip that `bun run lambda` makes.\n" +
    "Settings come from the environment: KILT_DEFINITION, KILT_DEFINITION_TYPE (s3, s3_gz, http, base64,\n" +
    "base64_gz), KILT_OPT_IN, KILT_IMAGE_AUTH_SECRET, KILT_RECIPE_CONFIG, KILT_DISABLE_REPO_HINTS,\n" +
    "KILT_LOG_GROUP, KILT_PARAMETERIZE_ENVARS. With KILT_MODE=local one template is patched instead:\n" +
    "KILT_SRC_TEMPLATE into KILT_OUT_TEMPLATE.",
  examples: ["KILT_MODE=local KILT_SRC_TEMPLATE=in.json KILT_OUT_TEMPLATE=out.json falco kilt cfn lambda"],
  run: async () => {
    const { serveMacro } = await import("../../../kilt/cfn/serve-macro.ts");
    await serveMacro(process.env, imageLookup, err);
    return 0;
  },
});
