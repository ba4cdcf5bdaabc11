import { command } from "../command.ts";
import { json, out } from "../print.ts";
import { configFlags, loadOptions } from "./config-flags.ts";

export const check = command({
  name: "check",
  summary: "Check the configuration and name what is wrong, with file and line",
  description:
    "Exits 1 when a key is unknown or a value is not what its key takes; falco itself would only warn.",
  examples: ["falco config check", "falco config check -c falco.yaml --json"],
  flags: configFlags,
  run: async ({ flags }) => {
    const { loadConfig } = await import("../../core/config/load.ts");
    const { files, warnings } = loadConfig(loadOptions(flags));
    const findings = files.flatMap((file) => file.findings);
    if (flags.json) json({ files: files.map(({ path, status }) => ({ path, status })), findings, warnings });
    else {
      for (const { path, status } of files) out(`${path}: ${status}`);
      if (files.length === 0) out("no configuration file: the built-in configuration is used");
      for (const { place, message, hint } of findings) {
        out(`${place.file}:${place.line}:${place.column}: ${message}${hint ? ` (${hint})` : ""}`);
      }
      for (const warning of warnings) out(`warning: ${warning}`);
    }
    return findings.length > 0 ? 1 : 0;
  },
});
