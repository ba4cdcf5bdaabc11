import content from "./rules/falco_rules.yaml" with { type: "text" };
import auditContent from "./rules/k8s_audit_rules.yaml" with { type: "text" };

/** The rules that the program carries, used when the configuration and the command line name none. */
export const EMBEDDED_RULES = {
  name: "falco_rules.yaml (built in)",
  content: content as unknown as string,
} as const;

/** The same for audit events of Kubernetes, used where these are watched. */
export const EMBEDDED_AUDIT_RULES = {
  name: "k8s_audit_rules.yaml (built in)",
  content: auditContent as unknown as string,
} as const;
