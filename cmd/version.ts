import { VERSIONS, versionInfo } from "../core/versions.ts";
import { command } from "./command.ts";
import { out } from "./print.ts";

export const version = command({
  name: "version",
  summary: "Print the versions this program is compatible with",
  examples: ["falco version", "falco version --json", "falco --version -o json_output=true"],
  flags: { json: { type: "boolean", help: "Print as one line of JSON" } },
  run: ({ flags }) => printVersion(flags.json),
});

/** The text and the JSON that tools read today: order, labels and line ends matter. */
export function printVersion(json: boolean): undefined {
  if (json) return void out(JSON.stringify(versionInfo()));
  return void out(
    [
      `Falco version: ${VERSIONS.falco}`,
      `Libs version:  ${VERSIONS.libs}`,
      `Plugin API:    ${VERSIONS.pluginApi}`,
      `Engine:        ${VERSIONS.engine}`,
      "Driver:",
      `  API version:    ${VERSIONS.driverApi}`,
      `  Schema version: ${VERSIONS.driverSchema}`,
      `  Default driver: ${VERSIONS.defaultDriver}`,
    ].join("\n"),
  );
}
