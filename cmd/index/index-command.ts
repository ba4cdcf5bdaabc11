import { command } from "../command.ts";

export const indexCommand = command({
  name: "index",
  summary: "Manage the indexes that list artifacts by name",
  examples: ["falco index list", "falco index update"],
  commands: {
    add: async () => (await import("./add.ts")).add,
    remove: async () => (await import("./remove.ts")).remove,
    list: async () => (await import("./list.ts")).list,
    update: async () => (await import("./update.ts")).update,
    build: async () => (await import("./build.ts")).build,
  },
});
