import type { Command } from "./command.ts";

export interface CommandNode {
  /** As typed: `falco artifact install`. */
  readonly path: string;
  readonly command: Command;
}

/** Every node of the tree, the root first, each before what is below it. Loads all of them. */
export async function walkCommands(root: Command, path = root.name): Promise<CommandNode[]> {
  const below = await Promise.all(
    Object.entries(root.commands ?? {}).map(async ([name, load]) =>
      walkCommands(await load(), `${path} ${name}`),
    ),
  );
  return [{ path, command: root }, ...below.flat()];
}
