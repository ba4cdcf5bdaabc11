import { command } from "../command.ts";

export const kilt = command({
  name: "kilt",
  summary: "Put falco beside workloads where the kernel is out of reach",
  description:
    "Changes how containers are deployed, by a definition: a HOCON text that says what to start them with.\n" +
    "Without a definition, the one for falco itself is used, which runs the workload under `falco trace`.",
  examples: [
    "falco kilt cfn patch template.yaml > patched.yaml",
    "falco kilt webhook manifests | kubectl apply -f -",
    "falco kilt patch pod/web --definition debug.kilt.cfg",
  ],
  commands: {
    check: async () => (await import("./check.ts")).check,
    render: async () => (await import("./render.ts")).render,
    cfn: async () => (await import("./cfn/cfn.ts")).cfn,
    webhook: async () => (await import("./webhook/webhook.ts")).webhook,
    patch: async () => (await import("./patch.ts")).patch,
    unpatch: async () => (await import("./unpatch.ts")).unpatch,
    terraform: async () => (await import("./terraform.ts")).terraform,
    wait: async () => (await import("./wait.ts")).wait,
    copy: async () => (await import("./copy.ts")).copy,
    agent: async () => (await import("./agent.ts")).agent,
  },
});
