import type { Context, Field, FieldArg, FieldRead, FieldRegistry, Reader } from "../../fields/field.ts";
import { nearest } from "../../nearest.ts";
import type { ParamType, PrintFormat } from "../../schema/event-row.ts";
import type { FieldNode, OperandNode, TransformNode } from "../language/ast.ts";
import { printOperand } from "../language/print.ts";
import { CheckError } from "./check-error.ts";
import { bindTransform } from "./transform.ts";

export type Value = FieldRead | readonly FieldRead[];

/** A field or transformer that is known to exist, with the type of what it yields. */
export interface Operand {
  /** The same text means the same value: what caches go by. */
  readonly key: string;
  /** The name that messages use. */
  readonly name: string;
  readonly type: ParamType;
  readonly format: PrintFormat;
  readonly list: boolean;
  readonly read: Reader<Value>;
  readonly arg: FieldArg | undefined;
  /** The plain field, where no transformer or literal stands. */
  readonly field: Field | undefined;
  readonly noRhs: boolean;
  readonly noTransformers: boolean;
}

/** An argument with its number, when it is one: decimal without leading zeros. */
export const fieldArg = (text: string): FieldArg => ({
  text,
  index: /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined,
});

/** Finds `name[arg]`, or `name.arg` for the fields that allow it. Throws CheckError for what does not exist. */
export function findField(
  registry: FieldRegistry,
  source: string,
  node: FieldNode,
): { field: Field; arg: FieldArg | undefined } {
  const exact = registry.find(source, node.name);
  if (exact) return { field: exact, arg: node.arg === undefined ? undefined : fieldArg(node.arg) };
  if (node.arg === undefined) {
    for (let dot = node.name.lastIndexOf("."); dot > 0; dot = node.name.lastIndexOf(".", dot - 1)) {
      const field = registry.find(source, node.name.slice(0, dot));
      if (field?.arg && field.dotArg) return { field, arg: fieldArg(node.name.slice(dot + 1)) };
    }
  }
  throw new CheckError(`filter_check called with nonexistent field ${printField(node)}`, node.pos, () =>
    nearest(node.name, registry.names(source)),
  );
}

const printField = (node: FieldNode): string => printOperand(node);

function checkArgument(field: Field, arg: FieldArg | undefined, node: FieldNode): void {
  const text = printField(node);
  if (arg === undefined) {
    if (field.arg === "required")
      throw new CheckError(`filter error: ${field.name} requires an argument`, node.pos);
    return;
  }
  if (!field.arg) throw new CheckError(`filter_check called with nonexistent field ${text}`, node.pos);
  if (field.argKind?.includes("INDEX") && !field.argKind.includes("KEY") && arg.index === undefined) {
    throw new CheckError(
      `filter error: the argument of ${field.name} must be a number, got '${arg.text}'`,
      node.pos,
    );
  }
  const problem = field.checkArg?.(arg);
  if (problem) throw new CheckError(problem, node.pos);
}

function bindField(registry: FieldRegistry, source: string, node: FieldNode): Operand {
  const { field, arg } = findField(registry, source, node);
  checkArgument(field, arg, node);
  const typed = arg && field.typeOf?.(arg);
  return {
    key: arg ? `${field.name}[${arg.text}]` : field.name,
    name: field.name,
    type: typed?.type ?? field.type,
    format: typed?.format ?? field.format ?? "NA",
    list: field.list === true,
    read: field.read,
    arg,
    field,
    noRhs: field.noRhs === true,
    noTransformers: field.noTransformers === true,
  };
}

/** A literal or list of operands where a transformer wants an operand. */
function internalOperand(key: string, list: boolean, read: (context: Context) => Value): Operand {
  return {
    key,
    name: "NA",
    type: "CHARBUF",
    format: "NA",
    list,
    read,
    arg: undefined,
    field: undefined,
    noRhs: false,
    noTransformers: false,
  };
}

/** Elements of several operands as one list of text; nothing as soon as one has no value. */
function gather(items: readonly Operand[]): (context: Context) => Value {
  return (context) => {
    const all: FieldRead[] = [];
    for (const item of items) {
      const value = item.read(context, item.arg);
      if (value === undefined) return undefined;
      for (const element of Array.isArray(value) ? value : [value]) {
        all.push(typeof element === "number" || typeof element === "bigint" ? String(element) : element);
      }
    }
    return all;
  };
}

/** Resolves a field, transformer or literal for rules of an event source. Throws CheckError. */
export function bindOperand(registry: FieldRegistry, source: string, node: OperandNode): Operand {
  switch (node.kind) {
    case "field":
      return bindField(registry, source, node);
    case "value":
      return internalOperand(JSON.stringify(node.text), false, () => node.text);
    case "operands": {
      const items = node.items.map((item) => bindOperand(registry, source, item));
      return internalOperand(`(${items.map((item) => item.key).join(",")})`, true, gather(items));
    }
    case "transform":
      return bindTransformNode(registry, source, node);
  }
}

function bindTransformNode(registry: FieldRegistry, source: string, node: TransformNode): Operand {
  const args = node.args.map((arg) => bindOperand(registry, source, arg));
  try {
    return bindTransform(node.name, args, node.arg);
  } catch (error) {
    if (error instanceof CheckError && !error.pos) throw new CheckError(error.message, node.pos);
    throw error;
  }
}
