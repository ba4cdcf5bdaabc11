import type { Context } from "../../fields/field.ts";
import type { PairNode, TestNode } from "../check/bind.ts";
import type { Operand, Value } from "../check/operand.ts";
import { compareValues, type Scalar } from "../check/test.ts";
import type { Expr } from "./node.ts";
import type { Branch, Plan } from "./plan.ts";

/** Where generated code puts the indexes of rules that match; big enough for all of them. */
export interface Hits {
  readonly buffer: Int32Array;
  count: number;
}

export type EventFunction = (context: Context) => void;

/** A variable that nothing was read into yet. */
const UNREAD = Symbol("unread");

/** Plans heavier than this become functions of their own: engines stop optimising long ones. */
const MAX_WEIGHT = 120;
/** Expressions this costly are remembered when several rules need them. */
const MEMO_COST = 10;

const someOf = (values: Value, passes: (value: Scalar) => boolean): boolean => {
  if (!Array.isArray(values)) return false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Scalar | undefined;
    if (value !== undefined && passes(value)) return true;
  }
  return false;
};

const everyOf = (values: Value, passes: (value: Scalar) => boolean): boolean => {
  if (!Array.isArray(values)) return false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Scalar | undefined;
    if (value === undefined || !passes(value)) return false;
  }
  return true;
};

const candidateEveryOf = (values: Value, passes: (value: Scalar) => boolean): boolean =>
  Array.isArray(values) && values.length > 0 && everyOf(values, passes);

/** Field to field: scalars by value; lists by membership in the other list. */
function pairTest({ left, operator }: PairNode): (left: Value, right: Value) => boolean {
  const { type } = left;
  if (!left.list) {
    return (a, b) =>
      a !== undefined && b !== undefined && compareValues(type, operator, a as Scalar, b as Scalar);
  }
  return (a, b) => {
    if (!Array.isArray(a) || !Array.isArray(b)) return false;
    const known = (value: Scalar): boolean =>
      b.some((other) => compareValues(type, "=", value, other as Scalar));
    return operator === "in" ? everyOf(a, known) : someOf(a, known);
  };
}

/** One generated function: its variables, its constants, its text. */
class FunctionWriter {
  readonly name: string;
  readonly #program: ProgramWriter;
  /** Operands this function reads, by variable. */
  readonly operands = new Map<string, string>();
  readonly #memos = new Map<Expr, string>();
  readonly #uses: ReadonlyMap<Expr, number>;

  constructor(program: ProgramWriter, name: string, plan: Plan) {
    this.#program = program;
    this.name = name;
    this.#uses = countUses(plan);
  }

  /** The variable of an operand, and the expression that fills it if need be. */
  #read(operand: Operand, candidates: boolean, read: ReadonlySet<string>): { name: string; load: string } {
    const name = this.#program.variable(operand, candidates);
    this.operands.set(name, name);
    const load = read.has(name) ? "" : `${name} === U ? ${name} = ${this.#program.reader(name)} : 0, `;
    return { name, load };
  }

  /** `read` lists variables that are certainly filled here; evaluation order adds to it. */
  expr(node: Expr, read: Set<string>): string {
    if (node.kind === "true" || node.kind === "false") return node.kind;
    if (node.kind === "not") return `!${this.expr(node.children[0]!, read)}`;
    if ((this.#uses.get(node) ?? 0) < 2 || node.cost < MEMO_COST) return this.#plain(node, read);
    const memo = this.#memos.get(node) ?? `m${node.id}`;
    this.#memos.set(node, memo);
    return `((${memo} || (${memo} = ${this.#plain(node, new Set(read))} ? 2 : 1)) === 2)`;
  }

  #plain(node: Expr, read: Set<string>): string {
    if (node.kind === "leaf") return this.#leaf(node, read);
    const parts: string[] = [];
    // Only the first operand of a chain is certain to run.
    const inner = new Set(read);
    node.children.forEach((child, i) => {
      if (i === 0) {
        parts.push(this.expr(child, read));
        for (const name of read) inner.add(name);
      } else parts.push(this.expr(child, node.kind === "and" ? inner : new Set(inner)));
    });
    return `(${parts.join(node.kind === "and" ? " && " : " || ")})`;
  }

  #leaf({ leaf }: Expr, read: Set<string>): string {
    if (leaf!.kind === "pair") {
      const left = this.#read(leaf!.left, false, read);
      const right = this.#read(leaf!.right, false, read);
      read.add(left.name).add(right.name);
      const test = this.#program.constant(pairTest(leaf!));
      return `(${left.load}${right.load}${test}(${left.name}, ${right.name}))`;
    }
    const { operand } = leaf!;
    const candidates = leaf!.kind === "test" && leaf!.quantifier !== "one" && !operand.list;
    const { name, load } = this.#read(operand, candidates, read);
    read.add(name);
    if (leaf!.kind === "present") return `(${load}${name} !== undefined)`;
    return `(${load}${this.#test(leaf! as TestNode, name, candidates)})`;
  }

  #test({ test, quantifier }: TestNode, name: string, candidates: boolean): string {
    if (quantifier === "one" && test.inline) return `(${test.inline(name)})`;
    const passes = this.#program.constant(test.passes, test.key());
    if (quantifier === "one") return `(${name} !== undefined && ${passes}(${name}))`;
    const helper = quantifier === "some" ? "SOME" : candidates ? "EVERY1" : "EVERY";
    return `${helper}(${name}, ${passes})`;
  }

  /** Statements for a plan. `root` keeps the function's own plan from being moved out again. */
  plan(plan: Plan, read: Set<string>, root = false): string {
    if (!root && plan.weight > MAX_WEIGHT) return this.#program.call(plan, this);
    const lines = plan.hits.map((index) => `H.buffer[H.count++] = ${index};`);
    for (const branch of this.#chunks(plan, root)) {
      lines.push("branches" in branch ? this.#program.call(branch, this) : this.#branch(branch, read));
    }
    return lines.join("\n");
  }

  /** A function's own branches, cut into further functions where they are too many. */
  #chunks(plan: Plan, root: boolean): readonly (Branch | Plan)[] {
    if (!root || plan.weight <= MAX_WEIGHT) return plan.branches;
    const chunks: (Branch | Plan)[] = [];
    let current: Branch[] = [];
    let weight = 0;
    const close = (): void => {
      if (current.length > 0) chunks.push({ hits: [], branches: current, weight });
      current = [];
      weight = 0;
    };
    for (const branch of plan.branches) {
      const own = ownWeight(branch);
      if (own > MAX_WEIGHT / 2 || plan.branches.length === 1) {
        close();
        chunks.push(branch);
        continue;
      }
      if (weight + own > MAX_WEIGHT) close();
      current.push(branch);
      weight += own;
    }
    close();
    return chunks.length === 1 && "branches" in chunks[0]! ? plan.branches : chunks;
  }

  #branch(branch: Branch, read: Set<string>): string {
    if (branch.kind === "if") {
      const inner = new Set(read);
      const tests = branch.tests.map((test, i) => {
        const text = this.expr(test, inner);
        // What the first test reads is read on every path from here on.
        if (i === 0) for (const name of inner) read.add(name);
        return text;
      });
      return `if (${tests.join(" && ")}) {\n${this.plan(branch.body, inner)}\n}`;
    }
    const { name, load } = this.#read(branch.operand, false, read);
    read.add(name);
    const table = this.#program.constant(branch.cases);
    const cases = branch.plans.map((plan, i) => `case ${i}:\n${this.plan(plan, new Set(read))}\nbreak;`);
    return `switch (${load ? `(${load}${table}.get(${name}))` : `${table}.get(${name})`}) {\n${cases.join("\n")}\n}`;
  }

  /** The whole function; `body` is what `plan` wrote for its root. */
  text(body: string, parameters: readonly string[]): string {
    const own = [...this.operands.keys()].filter((name) => !parameters.includes(name));
    const variables = [
      ...own.map((name) => `${name} = U`),
      ...[...this.#memos.values()].map((m) => `${m} = 0`),
    ];
    const declare = variables.length > 0 ? `let ${variables.join(", ")};\n` : "";
    return `function ${this.name}(${["c", ...parameters].join(", ")}) {\n${declare}${body}\n}`;
  }
}

/** Weight of a branch as emitted in place: nested plans that move out count as one. */
const ownWeight = (branch: Branch): number =>
  branch.kind === "if"
    ? branch.tests.length + Math.min(branch.body.weight, MAX_WEIGHT)
    : branch.plans.reduce((sum, p) => sum + Math.min(p.weight, MAX_WEIGHT), 2);

/** How often each expression occurs in the code of a plan, moved-out parts aside. */
function countUses(root: Plan): ReadonlyMap<Expr, number> {
  const uses = new Map<Expr, number>();
  const visit = (node: Expr): void => {
    const count = (uses.get(node) ?? 0) + 1;
    uses.set(node, count);
    // A remembered expression evaluates its parts in one place only.
    if (count === 1 || node.cost < MEMO_COST) node.children.forEach(visit);
  };
  const walk = (plan: Plan, top: boolean): void => {
    if (!top && plan.weight > MAX_WEIGHT) return;
    for (const branch of plan.branches) {
      if (branch.kind === "if") {
        branch.tests.forEach(visit);
        walk(branch.body, false);
      } else for (const inner of branch.plans) walk(inner, false);
    }
  };
  walk(root, true);
  return uses;
}

/** The generated program of one event type. */
class ProgramWriter {
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];
  readonly #constantNames = new Map<unknown, string>();
  readonly #variables = new Map<string, { name: string; reader: string }>();
  readonly #readers = new Map<string, string>();
  #count = 0;

  constant(value: unknown, key: unknown = value): string {
    const known = this.#constantNames.get(key);
    if (known) return known;
    const name = `K${this.#constants.push(value) - 1}`;
    this.#constantNames.set(key, name);
    return name;
  }

  variable(operand: Operand, candidates: boolean): string {
    const key = `${candidates} ${operand.key}`;
    const known = this.#variables.get(key);
    if (known) return known.name;
    const name = `v${this.#variables.size}`;
    const read = this.constant(candidates ? operand.field!.anyOf! : operand.read);
    const arg = operand.arg ? this.constant(operand.arg) : "undefined";
    this.#variables.set(key, { name, reader: `${read}(c, ${arg})` });
    this.#readers.set(name, `${read}(c, ${arg})`);
    return name;
  }

  reader(variable: string): string {
    return this.#readers.get(variable)!;
  }

  /** Writes a plan as a function and returns the statement that calls it, handing over what is read already. */
  call(plan: Plan, caller: FunctionWriter | undefined): string {
    const name = `f${this.#count++}`;
    const writer = new FunctionWriter(this, name, plan);
    const body = writer.plan(plan, new Set(), true);
    const parameters = caller ? [...writer.operands.keys()].filter((v) => caller.operands.has(v)) : [];
    this.#functions.push(writer.text(body, parameters));
    return `${name}(${["c", ...parameters].join(", ")});`;
  }

  compile(plan: Plan, hits: Hits): EventFunction {
    const entry = this.call(plan, undefined);
    const names = this.#constants.map((_, i) => `K${i}`);
    const source = [...this.#functions, `return function (c) { ${entry} };`].join("\n");
    const factory = new Function("H", "U", "SOME", "EVERY", "EVERY1", ...names, source);
    return factory(hits, UNREAD, someOf, everyOf, candidateEveryOf, ...this.#constants) as EventFunction;
  }
}

/** Turns a plan into one JavaScript function that writes the indexes of matching rules into `hits`. */
export function emitPlan(plan: Plan, hits: Hits): EventFunction {
  return new ProgramWriter().compile(plan, hits);
}
