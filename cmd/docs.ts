import { command } from "./command.ts";
import { out } from "./print.ts";

export const docs = command({
  name: "docs",
  summary: "Print reference pages in Markdown, made from what the program itself uses",
  examples: ["falco docs config", "falco docs commands > commands.md"],
  positionals: [{ name: "PAGE", help: "config, fields, events or commands" }],
  run: async ({ positionals }, root) => {
    const { docPage } = await import("./doc-page.ts");
    out(await docPage(positionals[0]!, root));
    return 0;
  },
});
