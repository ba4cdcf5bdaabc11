import { command } from "../../command.ts";
import { err, json } from "../../print.ts";
import { recipeFlag } from "../target-flags.ts";

export const patch = command({
  name: "patch",
  summary: "Patch the Fargate tasks of a template",
  description:
    "Prints the template (YAML or JSON) with its Fargate tasks patched and everything else as it was.\n" +
    "A JSON list of container definitions, as Terraform keeps them, is patched the same way.",
  examples: [
    "falco kilt cfn patch template.yaml > patched.yaml",
    "falco kilt cfn patch template.json --definition my.kilt.cfg --opt-in --log-group alerts",
  ],
  positionals: [{ name: "TEMPLATE", help: 'file, or "-" for standard input' }],
  flags: {
    definition: {
      type: "string",
      value: "FILE",
      help: 'Definition to apply; "falco" is the embedded one',
      default: "falco",
    },
    "opt-in": { type: "boolean", help: "Patch only what is tagged kilt-include or kilt-include-containers" },
    "no-image-lookup": { type: "boolean", help: "Do not ask registries for entry points" },
    "parameterize-env": { type: "boolean", help: "Make added variables parameters of the template" },
    "log-group": { type: "string", value: "GROUP", help: "CloudWatch group that added containers log to" },
    "image-auth-secret": {
      type: "string",
      value: "ARN",
      help: "Secret with credentials for added containers' images",
    },
    "recipe-config": recipeFlag,
    json: { type: "boolean", help: "Print an object: text, patched containers, warnings" },
  },
  run: async ({ flags, positionals }) => {
    const { readText } = await import("../../../kilt/read-text.ts");
    const { loadDefinition } = await import("../../../kilt/definition.ts");
    const { patchTemplate } = await import("../../../kilt/cfn/patch-template.ts");
    const { imageLookup } = await import("../image-lookup.ts");
    const [name, text] = await readText(positionals[0]!, "template");
    const result = await patchTemplate(name, text, {
      definition: loadDefinition(flags.definition, flags["recipe-config"]),
      optIn: flags["opt-in"],
      parameterizeEnv: flags["parameterize-env"],
      env: process.env,
      ...(flags["no-image-lookup"] ? {} : { lookup: imageLookup }),
      ...(flags["log-group"] ? { logGroup: flags["log-group"] } : {}),
      ...(flags["image-auth-secret"] ? { imageAuthSecret: flags["image-auth-secret"] } : {}),
    });
    for (const warning of flags.json ? [] : result.warnings) err(`warning: ${warning}`);
    if (flags.json) json(result);
    else process.stdout.write(result.text);
    return 0;
  },
});
