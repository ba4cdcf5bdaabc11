import { FalcoError } from "../../core/errors.ts";
import { command } from "../command.ts";

export const copy = command({
  name: "copy",
  summary: "Copy folders of this image into a volume (for init containers)",
  description: "Each folder keeps its full path below TARGET: /opt/falco becomes TARGET/opt/falco.",
  examples: ["falco kilt copy /opt/falco /kilt"],
  positionals: [{ name: "FOLDER... TARGET", help: "folders to copy, and where to", repeat: true }],
  run: async ({ positionals }) => {
    const { copyFolders } = await import("../../kilt/copy-folders.ts");
    if (positionals.length < 2) throw new FalcoError("USAGE", 'Missing TARGET of "falco kilt copy"');
    copyFolders(positionals.slice(0, -1), positionals.at(-1)!);
    return 0;
  },
});
