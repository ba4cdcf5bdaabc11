import type { CheckNode, ConditionNode, OperandNode } from "../language/ast.ts";

/** Names that occur in a condition, once each. */
export interface ConditionDetails {
  readonly fields: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
  readonly macros: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
  /** Values that `evt.type` and `evt.asynctype` are compared with. */
  readonly eventNames: ReadonlySet<string>;
}

class Collector {
  readonly fields = new Set<string>();
  readonly operators = new Set<string>();
  readonly macros = new Set<string>();
  readonly lists = new Set<string>();
  readonly eventNames = new Set<string>();
  readonly #knownLists: ReadonlySet<string>;

  constructor(knownLists: ReadonlySet<string>) {
    this.#knownLists = knownLists;
  }

  visit(node: ConditionNode): void {
    switch (node.kind) {
      case "and":
      case "or":
        for (const child of node.children) this.visit(child);
        break;
      case "not":
        this.visit(node.child);
        break;
      case "macro":
        this.macros.add(node.name);
        break;
      case "exists":
        this.#operand(node.left);
        this.operators.add("exists");
        break;
      case "check":
        this.#check(node);
    }
  }

  #operand(node: OperandNode): string {
    if (node.kind === "field") {
      const name = node.arg ? `${node.name}[${node.arg}]` : node.name;
      this.fields.add(name);
      return name;
    }
    const inner = node.kind === "transform" ? node.args : node.kind === "operands" ? node.items : [];
    return inner.map((item) => this.#operand(item)).at(-1) ?? "";
  }

  #check(node: CheckNode): void {
    const field = this.#operand(node.left);
    this.operators.add(node.modifier ? `${node.op} ${node.modifier}` : node.op);
    const { right } = node;
    if (right.kind === "transform") {
      this.#operand(right);
      return;
    }
    const isName = field === "evt.type" || field === "evt.asynctype";
    const values = right.kind === "list" ? right.values.map((v) => v.text) : [right.text];
    for (const value of values) {
      if (right.kind === "list" && this.#knownLists.has(value)) this.lists.add(value);
      else if (isName) this.eventNames.add(value);
    }
  }
}

/** Collects the names in a condition. Lists are found where they stand as values, before their substitution. */
export function conditionDetails(node: ConditionNode, knownLists: ReadonlySet<string>): ConditionDetails {
  const collector = new Collector(knownLists);
  collector.visit(node);
  return collector;
}
