// hot path

import { isSeldom } from "../../ffi/seldom.ts";
import type { Context } from "../../fields/field.ts";
import type { Operand, Value } from "../check/operand.ts";
import type { Estimates } from "./estimates.ts";
import type { Expr, Leaf } from "./node.ts";
import { pairTest, readerOf, usesCandidates, valueTest } from "./quantify.ts";

type Decide = (context: Context) => boolean;

/**
 * Decides expressions without compiling them: what rare events need, and what learns which tests are worth being
 * first. Each expression is decided, and each operand read, at most once per event.
 */
export class Interpreter {
  /** Expressions decided since the start: what the interpreting has cost. */
  steps = 0;
  readonly #estimates: Estimates;
  #event = 0;
  /** By the id of an expression: the event it was last decided for, times two, and one more where it was true. */
  readonly #decided: number[] = [];
  readonly #leaves: Decide[] = [];
  readonly #members: (readonly Expr[])[] = [];
  readonly #slots = new Map<string, number>();
  readonly #values: Value[] = [];
  readonly #readFor: number[] = [];

  /** `estimates` orders the members of groups. */
  constructor(estimates: Estimates) {
    this.#estimates = estimates;
    // What is evaluated often is compiled: optimising this in full costs more than it is ever used.
    isSeldom(this.holds, this.#decide, this.#group);
  }

  /** Forgets what was found out about the event before. */
  next(): void {
    this.#event += 2;
  }

  /** Whether the expression is true for the context's event. */
  holds(expr: Expr, context: Context): boolean {
    const { id } = expr;
    const known = this.#decided[id];
    if (known !== undefined && known >= this.#event) return known > this.#event;
    this.steps++;
    const result = this.#decide(expr, context);
    this.#decided[id] = this.#event + (result ? 1 : 0);
    return result;
  }

  #decide(expr: Expr, context: Context): boolean {
    switch (expr.kind) {
      case "true":
      case "false":
        return expr.kind === "true";
      case "not":
        return !this.holds(expr.children[0]!, context);
      case "leaf": {
        this.#leaves[expr.id] ??= this.#leafOf(expr.leaf!);
        return this.#leaves[expr.id]!(context);
      }
      case "and":
      case "or":
        return this.#group(expr, context);
    }
  }

  #group(expr: Expr, context: Context): boolean {
    this.#members[expr.id] ??= this.#estimates.ordered(expr);
    const members = this.#members[expr.id]!;
    const ends = expr.kind === "or";
    for (let i = 0; i < members.length; i++) {
      if (this.holds(members[i]!, context) === ends) return ends;
    }
    return !ends;
  }

  /** Decides a leaf by a function that is spared the last pass of the JIT compiler. */
  #leafOf(leaf: Leaf): Decide {
    const decide = this.#leaf(leaf);
    isSeldom(decide);
    return decide;
  }

  #leaf(leaf: Leaf): Decide {
    if (leaf.kind === "pair") {
      const left = this.#reader(leaf.left, false);
      const right = this.#reader(leaf.right, false);
      const test = pairTest(leaf);
      return (context) => test(left(context), right(context));
    }
    if (leaf.kind === "present") {
      const read = this.#reader(leaf.operand, false);
      return (context) => read(context) !== undefined;
    }
    const read = this.#reader(leaf.operand, usesCandidates(leaf));
    const test = valueTest(leaf);
    return (context) => test(read(context));
  }

  #reader(operand: Operand, candidates: boolean): (context: Context) => Value {
    const key = `${candidates} ${operand.key}`;
    const slot = this.#slots.get(key) ?? this.#slots.size;
    this.#slots.set(key, slot);
    const read = readerOf(operand, candidates);
    const remembered = (context: Context): Value => {
      if (this.#readFor[slot] !== this.#event) {
        this.#values[slot] = read(context);
        this.#readFor[slot] = this.#event;
      }
      return this.#values[slot];
    };
    isSeldom(read, remembered);
    return remembered;
  }
}
