import content from "./rules/falco_rules.yaml" with { type: "text" };

/** The rules that the program carries, used when the configuration and the command line name none. */
export const EMBEDDED_RULES = {
  name: "falco_rules.yaml (built in)",
  content: content as unknown as string,
} as const;
