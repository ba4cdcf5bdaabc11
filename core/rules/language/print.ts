import type { ConditionNode, ListNode, OperandNode } from "./ast.ts";
import { escapeValue } from "./escape.ts";

const withArg = (text: string, arg: string | undefined): string =>
  arg === undefined ? text : `${text}[${arg}]`;

/** A field, transformer or literal as text; the key under which an output shows a field. */
export function printOperand(node: OperandNode | ListNode): string {
  switch (node.kind) {
    case "field":
      return withArg(node.name, node.arg);
    case "value":
      return escapeValue(node.text);
    case "transform":
      return withArg(`${node.name}(${node.args.map(printOperand).join(",")})`, node.arg);
    case "operands":
      return `(${node.items.map(printOperand).join(",")})`;
    case "list":
      return `(${node.values.map((v) => escapeValue(v.text)).join(", ")})`;
  }
}

/** A condition printed back with every group in parentheses, as `condition_compiled` shows it. */
export function printCondition(node: ConditionNode): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${node.children.map(printCondition).join(` ${node.kind} `)})`;
    case "not":
      return `not ${printCondition(node.child)}`;
    case "macro":
      return node.name;
    case "exists":
      return `${printOperand(node.left)} exists`;
    case "check": {
      const op = node.modifier ? `${node.op} ${node.modifier}` : node.op;
      return `${printOperand(node.left)} ${op} ${printOperand(node.right)}`;
    }
  }
}
