import { command } from "../command.ts";

export const rules = command({
  name: "rules",
  summary: "List and change the rules of a running falco",
  examples: ["falco client rules list", "falco client rules create my_rules.yaml"],
  commands: {
    list: async () => (await import("./rules-list.ts")).list,
    get: async () => (await import("./rules-get.ts")).get,
    validate: async () => (await import("./rules-write.ts")).validate,
    create: async () => (await import("./rules-write.ts")).create,
    update: async () => (await import("./rules-write.ts")).update,
    delete: async () => (await import("./rules-delete.ts")).remove,
    enable: async () => (await import("./rules-switch.ts")).enable,
    disable: async () => (await import("./rules-switch.ts")).disable,
  },
});
