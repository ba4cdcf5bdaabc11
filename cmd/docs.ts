import { command } from "./command.ts";
import { out } from "./print.ts";

export const docs = command({
  name: "docs",
  summary: "Print reference and manual pages, made from what the program itself uses",
  examples: [
    "falco docs config",
    "falco docs commands > commands.md",
    "falco docs man > /usr/local/share/man/man8/falco.8",
    "falco docs man-config > /usr/local/share/man/man5/falco.yaml.5",
  ],
  positionals: [
    {
      name: "PAGE",
      help: "config, fields, events or commands, in Markdown; man for falco(8), man-config for falco.yaml(5)",
    },
  ],
  run: async ({ positionals }, root) => {
    const { docPage } = await import("./doc-page.ts");
    out(await docPage(positionals[0]!, root));
    return 0;
  },
});
