import type { MessageInitShape } from "@bufbuild/protobuf";
import type { api, ruleSchema, rules_changeSchema } from "../../../proto/gen/api_pb.ts";
import type { priority } from "../../../proto/gen/schema_pb.ts";
import { FalcoError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import { PRIORITIES } from "../../outputs/alert.ts";
import type { RuleInfo } from "./backend.ts";
import type { RulesOutcome, RulesStore } from "./rules-store.ts";
import type { Handlers } from "./services.ts";

type RulesMethods = Pick<
  Handlers<typeof api>,
  | "list_rules"
  | "get_rule"
  | "validate_rules"
  | "create_rules"
  | "update_rules"
  | "delete_rules"
  | "enable_rules"
  | "disable_rules"
>;

const ruleMessage = (rule: RuleInfo): MessageInitShape<typeof ruleSchema> => ({
  name: rule.name,
  source: rule.source,
  priority: PRIORITIES.indexOf(rule.priority) as priority,
  condition: rule.condition,
  output: rule.output,
  description: rule.description,
  tags: [...rule.tags],
  enabled: rule.enabled,
  file: rule.file ?? "",
});

const change = ({ verdict, revision }: RulesOutcome): MessageInitShape<typeof rules_changeSchema> => ({
  applied: verdict.ok,
  findings: verdict.findings.map((finding) => ({ ...finding })),
  result: JSON.stringify(verdict.result),
  revision,
});

/** The rules part of `falco.api.v1.api`. */
export function rulesHandlers(store: RulesStore): RulesMethods {
  return {
    list_rules: () => ({ rules: store.backend.list().map(ruleMessage), revision: store.revision }),
    get_rule: ({ name }) => {
      const rules = store.backend.list();
      const rule = rules.find((one) => one.name === name);
      if (rule) return ruleMessage(rule);
      const near = nearest(
        name,
        rules.map((one) => one.name),
      );
      throw new FalcoError(
        "API_NOT_FOUND",
        `Unknown rule "${name}"`,
        near ? { hint: `did you mean "${near}"?` } : {},
      );
    },
    validate_rules: async ({ content }) => change(await store.validate(content)),
    create_rules: async ({ content, revision }) => change(await store.create(content, revision)),
    update_rules: async ({ content, revision }) => change(await store.update(content, revision)),
    delete_rules: async ({ rules, macros, lists, revision }) => {
      const named = (kind: "rule" | "macro" | "list", names: string[]) =>
        names.map((name) => ({ kind, name }));
      const all = [...named("rule", rules), ...named("macro", macros), ...named("list", lists)];
      return change(await store.delete(all, revision));
    },
    enable_rules: async ({ rules, tags, revision }) =>
      change(await store.switch(rules, tags, true, revision)),
    disable_rules: async ({ rules, tags, revision }) =>
      change(await store.switch(rules, tags, false, revision)),
  };
}
