import { FIELD_CLASSES, fieldRegistry } from "../../core/fields/all.ts";
import type { Context } from "../../core/fields/field.ts";
import type { FieldValue } from "../../core/outputs/alert.ts";
import { Binder } from "../../core/rules/check/bind.ts";
import { parseTemplate, type TemplateField } from "../../core/rules/output/template.ts";
import { operandValue } from "../../core/rules/output/value-text.ts";

export type Json = FieldValue;

const binder = new Binder(fieldRegistry(FIELD_CLASSES, ["syscall"]), "syscall");

/** The fields of an output template, as rules have them. */
export const outputFields = (template: string): readonly TemplateField[] =>
  parseTemplate(template, binder).fields;

/** The known answers were kept with U+FFFD in place of control characters, which alerts hold as they are. */
const kept = (value: Json): Json =>
  typeof value === "string"
    ? value.replace(/[\x00-\x1f\x7f]/g, "\ufffd")
    : Array.isArray(value)
      ? value.map(kept)
      : value;

/** What `output_fields` of an alert holds for the field, as the known answers keep it. */
export const jsonValue = ({ operand }: TemplateField, context: Context): Json =>
  kept(operandValue(operand, context));
