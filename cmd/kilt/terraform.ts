import { command } from "../command.ts";
import { err, json } from "../print.ts";
import { imageLookup } from "./image-lookup.ts";

export const terraform = command({
  name: "terraform",
  summary: "Patch container definitions as Terraform's external data source",
  description:
    "Reads a query from standard input: container_definitions, and if wanted kilt_definition, recipe_config\n" +
    "and image_auth_secret. Prints output_container_definitions.",
  examples: [
    'data "external" "falco" {\n' +
      '    program = ["falco", "kilt", "terraform"]\n' +
      "    query   = { container_definitions = jsonencode(local.containers) }\n  }",
  ],
  run: async () => {
    const { readText } = await import("../../kilt/read-text.ts");
    const { parseJson } = await import("../../kilt/parse-json.ts");
    const { patchContainers } = await import("../../kilt/cfn/patch-containers.ts");
    const [name, text] = await readText("-", "query");
    const { result, warnings } = await patchContainers(parseJson(text, name), imageLookup, process.env);
    for (const warning of warnings) err(`warning: ${warning}`);
    json(result);
    return 0;
  },
});
