import { FalcoError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Command } from "./command.ts";
import { help } from "./help.ts";
import { walkCommands } from "./walk-commands.ts";

const PAGES: Readonly<Record<string, (root: Command) => Promise<string>>> = {
  config: async () => `# Configuration\n\n${(await import("../core/config/reference.ts")).configMarkdown()}`,
  fields: async () => {
    const { printFields } = await import("./list-fields.ts");
    const listed = printFields({ format: "markdown", namesOnly: false, verbose: false, source: undefined });
    return `# Fields\n\n${listed}`;
  },
  events: async () => {
    const { listEvents } = await import("../core/schema/listing.ts");
    const { VERSIONS } = await import("../core/versions.ts");
    return `# Events\n\n${listEvents("markdown", VERSIONS.driverSchema)}`;
  },
  commands: async (root) => {
    const nodes = await walkCommands(root);
    const pages = nodes.map(
      async ({ path, command }) => `## ${path}\n\n\`\`\`text\n${await help(command, path)}\`\`\`\n`,
    );
    return `# Commands\n\n${(await Promise.all(pages)).join("\n")}`;
  },
  man: async (root) => (await import("./man-page.ts")).commandsManPage(root),
  "man-config": async () => (await import("./man-page.ts")).configManPage(),
};

/** A page of the reference by name: Markdown, or roff for the manual. */
export async function docPage(name: string, root: Command): Promise<string> {
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  if (page) return page(root);
  const near = nearest(name, Object.keys(PAGES));
  throw new FalcoError("USAGE", `Cannot print "${name}": there is no such page`, {
    hint: near ? `did you mean "${near}"?` : `use one of ${Object.keys(PAGES).join(", ")}`,
  });
}
