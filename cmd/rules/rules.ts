import { command } from "../command.ts";

export const rules = command({
  name: "rules",
  summary: "Look into the rules that falco would run with",
  examples: ["falco rules list", 'falco rules show "Password hashes read"'],
  commands: {
    list: async () => (await import("./list.ts")).list,
    show: async () => (await import("./show.ts")).show,
  },
});
