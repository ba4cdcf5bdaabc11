import { command } from "../command.ts";
import { out } from "../print.ts";

export const sample = command({
  name: "sample",
  summary: "Print a falco.yaml with every key, its meaning and its built-in value",
  examples: ["falco config sample > /etc/falco/falco.yaml"],
  run: async () => {
    const { sampleConfig } = await import("../../core/config/sample.ts");
    return void out(sampleConfig());
  },
});
