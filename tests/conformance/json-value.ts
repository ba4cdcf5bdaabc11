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

/** What `output_fields` of an alert holds for the field. */
export const jsonValue = ({ operand }: TemplateField, context: Context): Json =>
  operandValue(operand, context);
