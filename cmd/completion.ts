import { command } from "./command.ts";
import { out } from "./print.ts";

export const completion = command({
  name: "completion",
  summary: "Print a script that completes commands and flags in a shell",
  description:
    "Prints a completion script made from the command tree. Load it in the running shell, or put it where\n" +
    "the shell looks for completions.",
  examples: [
    "falco completion bash > /etc/bash_completion.d/falco",
    "falco completion zsh > /usr/share/zsh/site-functions/_falco",
    "falco completion fish > /etc/fish/completions/falco.fish",
  ],
  positionals: [{ name: "SHELL", help: "bash, zsh or fish" }],
  run: async ({ positionals }, root) => {
    const { completionScript } = await import("./completion-script.ts");
    out(await completionScript(root, positionals[0]!));
    return 0;
  },
});
