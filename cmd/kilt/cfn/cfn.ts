import { command } from "../../command.ts";

export const cfn = command({
  name: "cfn",
  summary: "Patch Fargate tasks of CloudFormation templates",
  examples: ["falco kilt cfn patch template.yaml", "falco kilt cfn installer > macro.yaml"],
  commands: {
    patch: async () => (await import("./patch.ts")).patch,
    lambda: async () => (await import("./lambda.ts")).lambda,
    installer: async () => (await import("./installer.ts")).installer,
  },
});
