import { BUILT_IN_PLUGINS } from "../../versions.ts";
import { jsonPlugin, k8sauditPlugin } from "../audit/plugins.ts";
import type { Plugin } from "./plugin.ts";

const engineSchema = {
  type: "object",
  properties: {
    enabled: { type: "boolean" },
    sockets: { type: "array", items: { type: "string" } },
  },
};

/** Containers are known to the engine itself: its fields are among its own, and it has nothing to start. */
const container: Plugin = {
  info: {
    name: "container",
    description: "Names, images and labels of containers, and the pods they belong to",
    contact: "part of this program",
    version: BUILT_IN_PLUGINS.container!,
    capabilities: ["Field Extraction", "Event Parsing", "Async Events"],
    initSchema: {
      type: "object",
      properties: {
        label_max_len: { type: "integer", minimum: 0 },
        engines: {
          type: "object",
          properties: Object.fromEntries(
            ["docker", "podman", "containerd", "cri"].map((name) => [name, engineSchema]),
          ),
        },
      },
    },
  },
  fields: [],
  start: () => ({ fields: [], destroy: () => {} }),
};

export interface BuiltIn {
  readonly plugin: Plugin;
  /** `loaded`: in every run, instead of any shared object. `asked`: when the configuration loads it, and its shared object is not there. */
  readonly when: "loaded" | "asked";
}

/** The plugins that are part of this program. */
export const BUILT_IN: readonly BuiltIn[] = [
  { plugin: container, when: "loaded" },
  { plugin: k8sauditPlugin, when: "asked" },
  { plugin: jsonPlugin, when: "asked" },
];
