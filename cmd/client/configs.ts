import { command } from "../command.ts";
import { CONNECTION, withClient } from "./connect.ts";
import { printConfigs } from "./print-configs.ts";

const get = command({
  name: "get",
  summary: "Show settings in effect; secrets are left out",
  examples: ["falco client configs get", "falco client configs get webserver priority"],
  flags: CONNECTION,
  positionals: [{ name: "KEY", help: "Keys or groups of keys", optional: true, repeat: true }],
  run: async ({ flags, positionals }) =>
    printConfigs(await withClient(flags, (client) => client.configs.get(...positionals)), flags.json),
});

const set = command({
  name: "set",
  summary: "Set a key",
  examples: ["falco client configs set priority warning"],
  flags: CONNECTION,
  positionals: [
    { name: "KEY", help: "For example webserver.enabled" },
    { name: "VALUE", help: "YAML or JSON" },
  ],
  run: async ({ flags, positionals: [key, value] }) =>
    printConfigs(await withClient(flags, (client) => client.configs.set(key!, value!)), flags.json),
});

const patch = command({
  name: "patch",
  summary: "Merge a piece of configuration file into the settings; null resets a key",
  examples: ["falco client configs patch changes.yaml"],
  flags: CONNECTION,
  positionals: [{ name: "FILE", help: "YAML or JSON, or - for standard input" }],
  run: async ({ flags, positionals }) => {
    const { readContent } = await import("./read-content.ts");
    const content = await readContent(positionals[0]!);
    return printConfigs(await withClient(flags, (client) => client.configs.patch(content)), flags.json);
  },
});

const reset = command({
  name: "reset",
  summary: "Take settings made through the API back; all of them without a key",
  examples: ["falco client configs reset priority"],
  flags: CONNECTION,
  positionals: [{ name: "KEY", help: "Keys or groups of keys", optional: true, repeat: true }],
  run: async ({ flags, positionals }) =>
    printConfigs(await withClient(flags, (client) => client.configs.reset(...positionals)), flags.json),
});

export const configs = command({
  name: "configs",
  summary: "Show and change the settings of a running falco",
  examples: ["falco client configs get", "falco client configs set priority warning"],
  commands: {
    get: async () => get,
    set: async () => set,
    patch: async () => patch,
    reset: async () => reset,
  },
});
