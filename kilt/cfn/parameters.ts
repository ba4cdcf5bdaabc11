import { isMap } from "yaml";
import { addFields } from "../template/change.ts";
import type { Value } from "../template/render.ts";
import { fieldOf, pairOf, type Template } from "../template/template.ts";

/**
 * The template parameter of an environment variable: its name if that is alphanumeric, else the name in
 * camelCase (MY_AWESOME_VAR becomes myAwesomeVar).
 */
export function parameterName(variable: string): string {
  if (!/[^a-zA-Z0-9]/.test(variable)) return variable;
  return variable.toLowerCase().replace(/[^a-z0-9]+([a-z0-9]?)/g, (_, next: string) => next.toUpperCase());
}

/** Declares a parameter for each variable, with its value as the default; those that exist stay. */
export function addParameters(template: Template, variables: ReadonlyMap<string, string>): void {
  const present = fieldOf(template.root, "Parameters");
  const added: { [key: string]: Value } = {};
  for (const [variable, value] of variables) {
    const name = parameterName(variable);
    if (!pairOf(present, name)) added[name] = { Type: "String", Default: value };
  }
  if (isMap(present)) addFields(template, present, added);
  else if (isMap(template.root) && Object.keys(added).length > 0) {
    addFields(template, template.root, { Parameters: added });
  }
}
