import { json } from "../../fields/json.ts";
import { K8S_AUDIT, ka } from "../../fields/ka.ts";
import { PLUGIN_DATA } from "../plugin/event-record.ts";
import type { Plugin } from "../plugin/plugin.ts";
import { AUDIT_SCHEMA, auditSettings } from "./audit-settings.ts";
import { AuditSource } from "./audit-source.ts";
import { AUDIT_OPEN_PARAMS } from "./open-params.ts";

// Versions are those of the plugins that these behave as: rules files ask for them.

/** The number registered for audit events of Kubernetes. */
const K8S_AUDIT_ID = 1;

/** Audit events of Kubernetes and their fields, as the plugin of that name brings them. */
export const k8sauditPlugin: Plugin = {
  info: {
    name: "k8saudit",
    description: "Audit events of Kubernetes, from the webhook of an API server or from files",
    contact: "part of this program",
    version: "0.18.0",
    capabilities: ["Event Sourcing", "Field Extraction"],
    initSchema: AUDIT_SCHEMA,
  },
  source: { name: K8S_AUDIT, id: K8S_AUDIT_ID },
  fields: [ka],
  start: ({ config, log }) => {
    const settings = auditSettings(config);
    let source: AuditSource | undefined;
    return {
      fields: [ka],
      describe: (event) => event.slice(PLUGIN_DATA).toString("utf8"),
      openParams: () => AUDIT_OPEN_PARAMS,
      open: (params) => {
        source = new AuditSource(K8S_AUDIT_ID, params, settings, log);
        return source;
      },
      metrics: () => source?.metrics() ?? [],
      destroy: () => {},
    };
  },
};

/** Values out of the JSON of any source's events, as the plugin of that name gives them. */
export const jsonPlugin: Plugin = {
  info: {
    name: "json",
    description: "Values out of events whose data are JSON",
    contact: "part of this program",
    version: "0.7.4",
    capabilities: ["Field Extraction"],
    initSchema: { type: "object", properties: { useAsync: { type: "boolean", default: true } } },
  },
  fields: [json],
  start: () => ({ fields: [json], destroy: () => {} }),
};
