import { command } from "../command.ts";

export const artifact = command({
  name: "artifact",
  summary: "Search, install and follow rules files, plugins and assets",
  examples: [
    "falco artifact search k8s",
    "falco artifact install k8saudit-rules",
    "falco artifact follow falco-rules:3",
  ],
  commands: {
    search: async () => (await import("./search.ts")).search,
    info: async () => (await import("./info.ts")).info,
    list: async () => (await import("./list.ts")).list,
    install: async () => (await import("./install.ts")).install,
    follow: async () => (await import("./follow.ts")).follow,
    remove: async () => (await import("./remove.ts")).remove,
    config: async () => (await import("./config.ts")).config,
    manifest: async () => (await import("./manifest.ts")).manifest,
  },
});
